/** Where the reports of a site go: the PACS that the sites file names for it, and its out-tray. */
import { OUT_TRAY_PREFIX } from '../database/delivery-records.ts';
import type { ReportKind } from '../exam/exam-state.ts';
import type { SiteDirectory } from '../site-registry.ts';

/** What gets reports, and which kinds of them. */
export interface ReportReceiver {
  readonly name: string;
  readonly objects: readonly ReportKind[];
}

/** The name of a site's out-tray among the destinations; no destination of the sites file can have it. */
export function outTrayName(siteId: string): string {
  return OUT_TRAY_PREFIX + siteId;
}

/** Everything that gets the reports of a site, at this moment. */
export function receiversOf(sites: SiteDirectory, siteId: string): readonly ReportReceiver[] {
  const names = sites.destinationsOf(siteId);
  const pacs = sites.destinations().filter(({ name }) => names.includes(name));
  const site = sites.book()?.sites.find(({ id }) => id === siteId);
  const hasOutTray = site?.watchedFolder?.outTray !== undefined;
  return hasOutTray ? [...pacs, { name: outTrayName(siteId), objects: ['PDF'] }] : pacs;
}

/** The out-trays of all sites. */
export function outTraysOf(
  sites: SiteDirectory,
): readonly { readonly name: string; readonly folder: string }[] {
  return (sites.book()?.sites ?? []).flatMap(({ id, watchedFolder }) =>
    watchedFolder?.outTray === undefined ? [] : [{ name: outTrayName(id), folder: watchedFolder.outTray }],
  );
}
