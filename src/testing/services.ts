import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** A program that tests call, or why there is none. */
export type Tool =
  | { readonly available: true; readonly path: string }
  | { readonly available: false; readonly reason: string };

/**
 * Finds a program on PATH. Where CI=true a missing one throws, because a check that is skipped there is a check
 * nobody makes; elsewhere the test is skipped with the reason in its name.
 */
export function requireTool(name: string): Tool {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (isExecutable(path)) return { available: true, path };
  }
  const reason = `${name} is not installed`;
  if (process.env['CI'] === 'true') throw new Error(`${reason}, and CI=true asks for it`);
  return { available: false, reason };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
