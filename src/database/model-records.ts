import { type Kysely, sql } from 'kysely';
import { type AnalysisResult, namedAfterInstance } from '../exam/analysis.ts';
import type { ModelChoice, ModelFailure } from '../exam/model-choice.ts';
import { TriageError } from '../errors.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';
import { recordAdministration } from './setting-records.ts';
import { transact } from './transact.ts';

const COMPARED_PAGE_ROWS = 500;

/** What people chose for the models; a model that nobody chose for has no row. */
export function listChoices(database: Connection): Promise<readonly ModelChoice[]> {
  return database
    .selectFrom('model_choices')
    .select([
      'name',
      'active_version as activeVersion',
      'previous_version as previousVersion',
      'shadow_version as shadowVersion',
    ])
    .orderBy('name')
    .execute();
}

/** Who made a choice, and from what. */
export interface ChoiceMade {
  readonly actor: string;
  /** As the history names who it was; left out: as the trail does. */
  readonly actorName?: string;
  readonly action: string;
  readonly nowMs: number;
  /** The choice that stood when this one was thought of; left out: whatever stands is replaced. */
  readonly seen?: ModelChoice;
  /** The version that was loaded just now to see that it can be; null where none had to be. */
  readonly proved?: string | null;
}

/**
 * Writes down a choice, forgets what is known against the versions chosen, since they were tried just now, and says in
 * the audit trail what was done. Throws state-conflict where somebody else chose meanwhile.
 */
export function recordChoice(database: Kysely<Database>, choice: ModelChoice, by: ChoiceMade): Promise<void> {
  return transact(database, async (transaction) => {
    const { name, activeVersion, previousVersion, shadowVersion } = choice;
    const before = (await listChoices(transaction)).find((one) => one.name === name);
    checkSeen(before, name, by.seen);
    const row = {
      active_version: activeVersion,
      previous_version: previousVersion,
      shadow_version: shadowVersion,
      changed_at_ms: by.nowMs,
      actor: by.actor,
    };
    await transaction
      .insertInto('model_choices')
      .values({ name, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
    const chosen = [activeVersion, shadowVersion, by.proved ?? null].filter((version) => version !== null);
    if (chosen.length > 0) {
      await transaction
        .deleteFrom('model_failures')
        .where('name', '=', name)
        .where('version', 'in', chosen)
        .execute();
    }
    await recordAdministration(
      transaction,
      {
        ...{ atMs: by.nowMs, actor: by.actor, actorName: by.actorName ?? by.actor, note: null },
        ...{ subject: `model ${name}`, after: JSON.stringify(choice) },
        before: before === undefined ? null : JSON.stringify(before),
      },
      by.action,
    );
  });
}

// To prove a version takes seconds, in which another command may have chosen: it must not be undone unseen.
function checkSeen(now: ModelChoice | undefined, name: string, seen: ModelChoice | undefined): void {
  if (seen === undefined) return;
  const keys = ['activeVersion', 'previousVersion', 'shadowVersion'] as const;
  if (keys.every((key) => (now?.[key] ?? null) === seen[key])) return;
  throw new TriageError(
    'state-conflict',
    `somebody else chose for ${name} meanwhile; look at "model list" and choose again`,
  );
}

/**
 * Writes down that the newest version was taken up by itself, so that a roll-back knows where to. Only where nobody
 * chose a version meanwhile; several workers that notice the same write the same.
 */
export function recordTakeUp(
  database: Kysely<Database>,
  taken: { readonly name: string; readonly version: string; readonly previousVersion: string },
  nowMs: number,
): Promise<void> {
  return transact(database, async (transaction) => {
    const { name, version, previousVersion } = taken;
    const choice = (await listChoices(transaction)).find((one) => one.name === name);
    if (choice?.previousVersion === previousVersion || (choice?.activeVersion ?? null) !== null) return;
    const row = { previous_version: previousVersion, changed_at_ms: nowMs, actor: 'service' };
    await transaction
      .insertInto('model_choices')
      .values({ name, active_version: null, shadow_version: null, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
    await recordAudit(transaction, {
      atMs: nowMs,
      actor: 'service',
      action: `model version ${version} taken up as the newest, after ${previousVersion}`,
      subject: `model ${name}`,
    });
  });
}

/** Versions that workers could not load. */
export function listModelFailures(database: Connection): Promise<readonly ModelFailure[]> {
  return database
    .selectFrom('model_failures')
    .select(['name', 'version', 'sha256', 'code', 'detail', 'at_ms as atMs'])
    .orderBy('name')
    .orderBy('version')
    .execute();
}

/** Writes down that a version could not be loaded, the latest reason of each. */
export async function recordModelFailure(database: Connection, failure: ModelFailure): Promise<void> {
  const { name, version, atMs, ...what } = failure;
  const row = { ...what, at_ms: atMs };
  await database
    .insertInto('model_failures')
    .values({ name, version, ...row })
    .onConflict((conflict) => conflict.columns(['name', 'version']).doUpdateSet(row))
    .execute();
}

/** Takes back that a version could not be loaded: it was. */
export async function forgetModelFailure(
  database: Connection,
  loaded: { readonly name: string; readonly version: string },
): Promise<void> {
  await database
    .deleteFrom('model_failures')
    .where('name', '=', loaded.name)
    .where('version', '=', loaded.version)
    .execute();
}

/** What a model in shadow made of a film whose own result stands in the record. */
export interface ShadowResult {
  readonly examId: string;
  readonly revision: number;
  /** The result that counted. */
  readonly active: AnalysisResult;
  readonly shadow: AnalysisResult;
  readonly nowMs: number;
}

/** Stores a shadow's result beside the one that counted; nothing else in the record is touched. */
export async function recordShadow(database: Connection, result: ShadowResult): Promise<void> {
  const { examId, revision, active, shadow, nowMs } = result;
  const model = shadow.models[0];
  const counted = active.models.find(({ name }) => name === model?.name);
  if (model === undefined || counted === undefined) return;
  await database
    .insertInto('shadow_results')
    .values({
      exam_id: examId,
      revision,
      model: model.name,
      version: model.version,
      active_version: counted.version,
      outcome: shadow.outcome,
      analysis_json: JSON.stringify(namedAfterInstance(shadow, shadow.sopInstanceUid ?? examId)),
      created_at_ms: nowMs,
    })
    .onConflict((conflict) => conflict.columns(['exam_id', 'revision', 'model', 'version']).doNothing())
    .execute();
}

/** Two versions of a model of which one was in the other's shadow. */
export interface VersionPair {
  readonly name: string;
  readonly activeVersion: string;
  readonly shadowVersion: string;
}

/** One film as both versions read it. */
export interface ComparedFilm {
  readonly examId: string;
  readonly active: AnalysisResult;
  readonly shadow: AnalysisResult;
}

/** Films that both versions read, in the order of reading, each in its present revision; a page at a time. */
export async function* comparedFilms(
  database: Connection,
  { name, activeVersion, shadowVersion }: VersionPair,
  pageRows = COMPARED_PAGE_ROWS,
): AsyncGenerator<ComparedFilm> {
  let after = { atMs: -1, examId: '' };
  for (;;) {
    const page = await database
      .selectFrom('shadow_results')
      .innerJoin('exams', (join) =>
        join
          .onRef('exams.exam_id', '=', 'shadow_results.exam_id')
          .onRef('exams.revision', '=', 'shadow_results.revision'),
      )
      .select([
        'shadow_results.exam_id as examId',
        'shadow_results.created_at_ms as atMs',
        'shadow_results.analysis_json as shadow',
        'exams.analysis_json as active',
      ])
      .where('model', '=', name)
      .where('version', '=', shadowVersion)
      .where('active_version', '=', activeVersion)
      .where('exams.analysis_json', 'is not', null)
      .where((where) =>
        where.or([
          where('shadow_results.created_at_ms', '>', after.atMs),
          where.and([
            where('shadow_results.created_at_ms', '=', after.atMs),
            where('shadow_results.exam_id', '>', after.examId),
          ]),
        ]),
      )
      .orderBy('shadow_results.created_at_ms')
      .orderBy('shadow_results.exam_id')
      .limit(pageRows)
      .execute();
    for (const { examId, active, shadow } of page) {
      yield {
        examId,
        active: JSON.parse(active ?? '') as AnalysisResult,
        shadow: JSON.parse(shadow) as AnalysisResult,
      };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) return;
    after = { atMs: last.atMs, examId: last.examId };
  }
}

/** The pairs of versions of a model that were compared, with how many films, the latest compared last. */
export function listComparedPairs(
  database: Connection,
  name: string,
): Promise<readonly (VersionPair & { readonly films: number })[]> {
  return database
    .selectFrom('shadow_results')
    .select((select) => [
      'model as name',
      'active_version as activeVersion',
      'version as shadowVersion',
      select.fn.countAll<number>().as('films'),
    ])
    .where('model', '=', name)
    .groupBy(['model', 'active_version', 'version'])
    .orderBy((select) => select.fn.max('created_at_ms'))
    .execute();
}

/** Of how many films two versions gave the same outcome; counted in the database, whatever their number. */
export async function countAgreement(
  database: Connection,
  { name, activeVersion, shadowVersion }: VersionPair,
): Promise<{ readonly films: number; readonly sameOutcome: number }> {
  const row = await database
    .selectFrom('shadow_results')
    .innerJoin('exams', (join) =>
      join
        .onRef('exams.exam_id', '=', 'shadow_results.exam_id')
        .onRef('exams.revision', '=', 'shadow_results.revision'),
    )
    .select(({ fn }) => [
      fn.countAll<number>().as('films'),
      sql<number>`count(case when exams.state = shadow_results.outcome then 1 end)`.as('sameOutcome'),
    ])
    .where('model', '=', name)
    .where('version', '=', shadowVersion)
    .where('active_version', '=', activeVersion)
    .where('exams.analysis_json', 'is not', null)
    .executeTakeFirstOrThrow();
  return row;
}
