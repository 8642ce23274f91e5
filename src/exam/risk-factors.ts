/** What is known of a person's risk factors, as a coordinator entered it; null: not known. */
export interface RiskFactors {
  readonly weightKg: number | null;
  readonly heightCm: number | null;
  readonly hasPriorFracture: boolean | null;
  readonly hasParentHipFracture: boolean | null;
  readonly smokes: boolean | null;
  readonly usesGlucocorticoids: boolean | null;
  readonly hasRheumatoidArthritis: boolean | null;
  readonly drinksThreeUnitsDaily: boolean | null;
  readonly usesOestrogen: boolean | null;
  /** FRAX is entered, never computed (it is proprietary): 10-year risk of a major fracture, percent. */
  readonly frax: {
    readonly majorPercent: number;
    readonly hipPercent: number | null;
    readonly withBmd: boolean;
    readonly version: string;
    readonly country: string;
  } | null;
}
