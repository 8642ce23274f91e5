/** What a triage worker is told in its first message; it reads no environment. */
import type { EligibilityRules } from '../src/decide/eligibility.ts';
import type { FracturePolicy } from '../src/decide/fracture-policy.ts';
import type { ReferralPolicy } from '../src/decide/referral-policy.ts';
import type { KnownMagnifications } from '../src/exam/device-profile.ts';
import type { ReportIdentity } from '../src/report/report-object.ts';
import type { SiteRules } from '../src/sites.ts';

/** The rules of a site, as the deciding functions take them. */
export interface AnalysisRules extends KnownMagnifications {
  readonly eligibility: EligibilityRules;
  readonly policy: ReferralPolicy;
  readonly fracture: FracturePolicy;
}

/** The setup of a triage worker. */
export interface WorkerSetup {
  readonly modelsFolder: string;
  /** Versions by model name, and no other models; null: every model on disk in its newest version. */
  readonly modelPins: Readonly<Record<string, string>> | null;
  /** Versions that run in shadow, by model name; a model without one has no shadow. */
  readonly shadowPins: Readonly<Record<string, string>>;
  /** In order of preference: cpu, cuda ... */
  readonly executionProviders: readonly string[];
  readonly rules: AnalysisRules;
  /** Largest rows x columns that are decoded. */
  readonly filmPixelsMax: number;
  /** Who signs the reports. */
  readonly identity: ReportIdentity;
}

/** The rules for a film: its site's own where the sites file has them, else those of the configuration. */
export function rulesOfSite(
  { eligibility, policy, fracture, deviceProfiles, magnification }: AnalysisRules,
  site: SiteRules,
): AnalysisRules {
  return {
    eligibility: { ...eligibility, ageYearsMin: site.ageYearsMin ?? eligibility.ageYearsMin },
    policy: {
      corticalWidthMmMin: site.corticalWidthMmMin ?? policy.corticalWidthMmMin,
      corticalWidthDetectorMmMin: site.corticalWidthDetectorMmMin ?? policy.corticalWidthDetectorMmMin,
      pmiMin: site.pmiMin ?? policy.pmiMin,
    },
    fracture: { ...fracture, gradeMin: site.genantGradeMin ?? fracture.gradeMin },
    deviceProfiles: site.deviceProfiles ?? deviceProfiles,
    magnification: site.magnification ?? magnification,
  };
}
