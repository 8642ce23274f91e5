import { describe, expect, it } from 'vitest';
import { parseSites } from './sites.ts';

const SHA256 = '0'.repeat(64);

function parse(exchange: unknown) {
  const sites = [{ id: 'clinic', name: 'Clinic' }];
  return parseSites(JSON.stringify({ sites, exchange }), 'sites.json').exchange;
}

describe('other systems in the sites file', () => {
  it('are none where the file names none', () => {
    expect(parse(undefined)).toEqual({ hl7: [], webhooks: [], systems: [] });
  });

  it('get what is not said by rule: both groups of messages, imaging orders, UTF-8, half a minute to answer', () => {
    expect(parse({ hl7: [{ name: 'ris', host: 'ris.example', port: 2575 }] }).hl7).toEqual([
      {
        ...{ name: 'ris', host: 'ris.example', port: 2575, tls: false },
        ...{ messages: ['order', 'result'], orderMessage: 'OMI^O23', sendingApplication: 'OSTEOTRIAGE' },
        ...{ characterSet: 'UNICODE UTF-8', language: 'sv', answerSecondsMax: 30 },
      },
    ]);
  });

  it('must have names and keys of their own', () => {
    const receiver = { name: 'ris', host: 'ris.example', port: 2575 };
    const webhook = { name: 'ris', url: 'https://ris.example/hook', secretFile: '/run/secret' };
    expect(() => parse({ hl7: [receiver], webhooks: [webhook] })).toThrow(/at exchange: two receivers ris/);
    const system = { name: 'ehr', apiKeySha256: [SHA256] };
    expect(() => parse({ systems: [system, { ...system, name: 'other' }] })).toThrow(
      /two sites or systems have the API key 00000000/,
    );
    expect(() => parse({ systems: [system, { ...system, apiKeySha256: ['1'.repeat(64)] }] })).toThrow(
      /two systems ehr/,
    );
  });

  it('are told over TLS, or on this machine, and no address carries a password', () => {
    const hook = (url: string) => () => parse({ webhooks: [{ name: 'hook', url, secretFile: '/run/s' }] });
    expect(hook('https://ehr.example/hook')).not.toThrow();
    expect(hook('http://127.0.0.1:9000/hook')).not.toThrow();
    expect(hook('http://ehr.example/hook')).toThrow(/at exchange.webhooks.0.url: an https address/);
    expect(hook('https://user:password@ehr.example/hook')).toThrow(/without user and password/);
  });

  it('are named in HL7 without its separators', () => {
    const receiver = { name: 'ris', host: 'ris.example', port: 2575, receivingApplication: 'RIS|1' };
    expect(() => parse({ hl7: [receiver] })).toThrow(/without the characters/);
  });
});
