/**
 * What people may be to this service. A coordinator leads referrals; a radiologist looks at films and corrects points;
 * a site user sees the films of the own clinic and nothing else; an administrator keeps the node; an auditor reads who
 * did what.
 */
export const ROLES = ['coordinator', 'radiologist', 'site-user', 'administrator', 'auditor'] as const;

/** One of the roles. */
export type Role = (typeof ROLES)[number];

/** Who asks: a person that signed in. */
export interface Staff {
  readonly userId: string;
  /** The name that colleagues see. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The sites whose films may be seen; null: all of them. Only a site user has a list. */
  readonly siteIds: readonly string[] | null;
}

/** How a person is named in the audit trail, and where a referral says who acted. */
export function actorOf(staff: Staff): string {
  return `user ${staff.userId}`;
}
