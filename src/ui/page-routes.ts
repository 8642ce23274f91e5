import type { Role } from '../exam/staff.ts';

/** The pages, and what the address says of which one is meant. */
export type PageRoute =
  | { readonly page: 'worklist' | 'films' | 'persons' | 'deliveries' | 'audit' | 'account' }
  | { readonly page: 'referral'; readonly id: string }
  | { readonly page: 'exam'; readonly id: string }
  | { readonly page: 'person'; readonly id: string }
  | { readonly page: 'admin'; readonly part: string | null };

/** The name of a page. */
export type PageName = PageRoute['page'];

const PLAIN_PAGES = {
  '/': 'worklist',
  '/films': 'films',
  '/persons': 'persons',
  '/deliveries': 'deliveries',
  '/audit': 'audit',
  '/account': 'account',
} as const;

const PAGES_OF_ONE = { referrals: 'referral', exams: 'exam', persons: 'person' } as const;

/** Who may see a page; the same as the routes that it reads (src/http/route-access.ts). */
const PAGE_ROLES: Readonly<Record<PageName, readonly Role[]>> = {
  worklist: ['coordinator', 'radiologist'],
  referral: ['coordinator', 'radiologist'],
  films: ['coordinator', 'radiologist', 'site-user'],
  exam: ['coordinator', 'radiologist', 'site-user'],
  persons: ['coordinator'],
  person: ['coordinator'],
  deliveries: ['coordinator', 'administrator'],
  audit: ['auditor'],
  admin: ['administrator'],
  account: ['coordinator', 'radiologist', 'site-user', 'administrator', 'auditor'],
};

/** The pages of the main navigation in their order, with their addresses. */
export const MAIN_PAGES = [
  { page: 'worklist', to: '/' },
  { page: 'films', to: '/films' },
  { page: 'persons', to: '/persons' },
  { page: 'deliveries', to: '/deliveries' },
  { page: 'audit', to: '/audit' },
  { page: 'admin', to: '/admin' },
] as const satisfies readonly { readonly page: PageName; readonly to: string }[];

/** The page of an address; undefined where there is none. */
export function routeOf(pathname: string): PageRoute | undefined {
  if (pathname in PLAIN_PAGES) return { page: PLAIN_PAGES[pathname as keyof typeof PLAIN_PAGES] };
  const [, folder = '', id, ...more] = pathname.split('/');
  if (more.length > 0 || id === '') return undefined;
  if (folder === 'admin') return { page: 'admin', part: id ?? null };
  if (id === undefined || !(folder in PAGES_OF_ONE)) return undefined;
  return { page: PAGES_OF_ONE[folder as keyof typeof PAGES_OF_ONE], id };
}

/** Whether somebody with these roles may see a page. */
export function mayOpen(page: PageName, roles: readonly Role[]): boolean {
  return PAGE_ROLES[page].some((role) => roles.includes(role));
}

/** The main page that a page belongs to, for the mark in the navigation. */
export function mainPageOf(page: PageName): PageName {
  const belongs: Partial<Record<PageName, PageName>> = {
    referral: 'worklist',
    exam: 'films',
    person: 'persons',
  };
  return belongs[page] ?? page;
}

/** Where somebody with these roles begins. */
export function firstAddress(roles: readonly Role[]): string {
  return MAIN_PAGES.find(({ page }) => mayOpen(page, roles))?.to ?? '/account';
}
