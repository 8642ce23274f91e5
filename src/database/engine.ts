import { type ColumnDefinitionBuilder, PostgresAdapter, type QueryExecutorProvider } from 'kysely';

/** What the record is kept in. */
export type Engine = 'sqlite' | 'postgres';

/** The engine of a record, or of a transaction on one; for the few statements that the two do not share. */
export function engineOf(database: QueryExecutorProvider): Engine {
  return database.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}

/** Type and rule of a key that the engine counts up by itself: SQLite does so for any integer. */
export function countedKey(
  database: QueryExecutorProvider,
): readonly ['integer' | 'bigint', (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder] {
  return engineOf(database) === 'sqlite'
    ? ['integer', (column) => column.primaryKey()]
    : ['bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity()];
}
