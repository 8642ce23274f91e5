import { readConfig } from '../config.ts';
import { ownTlsFiles } from '../dimse/own-identity.ts';
import type { Peer } from '../dimse/send-files.ts';
import { type Command, Option, positiveNumber, print } from './command-line.ts';
import type { QueryLevel } from './find.ts';

interface PeerOptions {
  readonly host: string;
  readonly port: number;
  readonly called: string;
  readonly calling: string;
  readonly tls: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The commands by which an administrator asks another node: C-ECHO, C-FIND, C-STORE, and API keys for a site. */
export function addPeerCommands(program: Command): void {
  addSend(program);
  addEcho(program);
  addFind(program);
  addSite(program);
}

function addSend(program: Command): void {
  const command = program
    .command('send')
    .description('send DICOM files to a peer by C-STORE')
    .argument('<file...>', 'DICOM Part 10 files; a folder stands for all files below it');
  withPeerOptions(command).action(async (paths: string[], options: PeerOptions) => {
    const { sendToPeer } = await import('./send.ts');
    const failed = await sendToPeer({ paths, peer: peerOf(options), write: print });
    if (failed > 0) process.exitCode = 1;
  });
}

function addEcho(program: Command): void {
  const command = program
    .command('echo')
    .description('ask a peer by C-ECHO whether it is there and knows us');
  withPeerOptions(command).action(async (options: PeerOptions) => {
    const { echoPeer } = await import('./echo.ts');
    const { ok, detail } = await echoPeer(peerOf(options));
    print(detail);
    if (!ok) process.exitCode = 1;
  });
}

function addFind(program: Command): void {
  const command = program
    .command('find')
    .description('ask a peer by C-FIND; each match is printed as one line of JSON, by keyword')
    .argument(
      '[key...]',
      'KEYWORD=VALUE to match, KEYWORD to be told; SEQUENCE.KEYWORD=VALUE within a sequence, as in ' +
        'ScheduledProcedureStepSequence.Modality=BMD',
    )
    .addOption(
      new Option('--level <level>', 'what is asked for')
        .choices(['worklist', 'study', 'series', 'image'] satisfies QueryLevel[])
        .default('worklist'),
    )
    .option('--limit <number>', 'matches after which the query is cancelled', positiveNumber, 1000);
  withPeerOptions(command).action(
    async (keys: string[], options: PeerOptions & { level: QueryLevel; limit: number }) => {
      const { findAtPeer } = await import('./find.ts');
      const { level, limit } = options;
      await findAtPeer({ peer: peerOf(options), level, keys, matchesMax: limit, write: print });
    },
  );
}

function addSite(program: Command): void {
  program
    .command('site')
    .description('what a site of the sites file needs')
    .command('api-key')
    .description('make an API key: the key for a clinic or another system, its SHA-256 for the sites file')
    .option('--json', 'print one line of JSON (osteotriage.api-key/1)', false)
    .action(async (options: { json: boolean }) => {
      const { makeApiKey } = await import('./api-key.ts');
      const { key, sha256 } = makeApiKey();
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.api-key/1', key, sha256 }));
      else {
        print(`key (it is shown once):                    ${key}`);
        print(`apiKeySha256 for the sites file:           ${sha256}`);
      }
    });
}

function withPeerOptions(command: Command): Command {
  return command
    .option('--host <host>', 'host of the peer', '127.0.0.1')
    .requiredOption('--port <port>', 'TCP port of the peer', positiveNumber)
    .option('--called <aeTitle>', 'AE title of the peer', 'OSTEOTRIAGE')
    .option('--calling <aeTitle>', 'our AE title', 'OSTEOSEND')
    .option('--tls', 'speak TLS', false)
    .option('--ca <file>', 'authorities to check the peer against (TRIAGE_TLS_CA_FILE)')
    .option('--cert <file>', 'certificate to show (TRIAGE_TLS_CERTIFICATE_FILE)')
    .option('--key <file>', 'its private key (TRIAGE_TLS_KEY_FILE)');
}

function peerOf({ host, port, called, calling, tls, ca, cert, key }: PeerOptions): Peer {
  const peer = { host, port, calledAeTitle: called, callingAeTitle: calling };
  if (!tls) return peer;
  const { config } = readConfig({
    tlsAuthoritiesFile: ca,
    tlsCertificateFile: cert,
    tlsKeyFile: key,
  });
  return { ...peer, tls: ownTlsFiles(config) };
}
