import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** A program that tests call, or why there is none. */
export type Tool =
  | { readonly available: true; readonly path: string }
  | { readonly available: false; readonly reason: string };

/** Daemons such as Orthanc lie here, and a user's PATH often leaves these folders out. */
const DAEMON_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The interpreter of the system: Debian's modules belong to it and to no other. */
const SYSTEM_PYTHON = '/usr/bin/python3';

/**
 * Finds a program on PATH. Where CI=true a missing one throws, because a check that is skipped there is a check
 * nobody makes; elsewhere the test is skipped with the reason in its name.
 */
export function requireTool(name: string): Tool {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...DAEMON_FOLDERS]) {
    const path = join(folder, name);
    if (isExecutable(path)) return { available: true, path };
  }
  return missing(name);
}

/** Finds the system's python where it has pydicom and numpy; the path is the interpreter's. */
export function requirePydicom(): Tool {
  const { status } = spawnSync(SYSTEM_PYTHON, ['-c', 'import pydicom, numpy']);
  return status === 0 ? { available: true, path: SYSTEM_PYTHON } : missing('python3-pydicom');
}

function missing(name: string): Tool {
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
