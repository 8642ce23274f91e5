import type { DensityClass } from '../decide/dxa-class.ts';
import { actionsIn, type ReferralActionName } from '../exam/referral-action.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { Role } from '../exam/staff.ts';

/** What decides which actions a person is offered. */
export interface OfferSource {
  readonly state: ReferralState;
  readonly roles: readonly Role[];
  readonly hasOwner: boolean;
  /** That the DXA waits for its appointment, so that another one can be given. */
  readonly isStepWaiting: boolean;
  /** undefined: no T-scores yet; null: the class is not defined for this person. */
  readonly densityClass: DensityClass | null | undefined;
  readonly asksTreatment: boolean;
  readonly canUndo: boolean;
}

/** What each role may do; who leads a referral is a coordinator. */
export function mayAct(roles: readonly Role[], action: ReferralActionName): boolean {
  return roles.includes('coordinator') || (action === 'note' && roles.includes('radiologist'));
}

/** What a person may do with a referral now, the next step first. */
export function offeredActions(source: OfferSource): readonly ReferralActionName[] {
  const { state, roles, hasOwner, isStepWaiting, canUndo } = source;
  const isPossible = (action: ReferralActionName): boolean => {
    if (action === 'claim') return !hasOwner;
    if (action === 'release') return hasOwner;
    return action === 'book-dxa' ? isStepWaiting : true;
  };
  const first = nextAfterDxa(source);
  const actions: readonly ReferralActionName[] = actionsIn(state);
  const ordered = first === undefined ? actions : [first, ...actions.filter((action) => action !== first)];
  const undo: readonly ReferralActionName[] = canUndo ? ['undo'] : [];
  return [...ordered.filter(isPossible), ...undo].filter((action) => mayAct(roles, action));
}

/** T-scores first; then a fracture or a low density goes to the physician, and a normal one is closed. */
function nextAfterDxa({ state, densityClass, asksTreatment }: OfferSource): ReferralActionName | undefined {
  if (state !== 'dxa-done') return undefined;
  if (densityClass === undefined) return 'record-dxa';
  return densityClass === 'normal' && !asksTreatment ? 'close' : 'assess-treatment';
}
