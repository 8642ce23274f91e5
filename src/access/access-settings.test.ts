import { describe, expect, it } from 'vitest';
import { type ConfigOptions, readConfig } from '../config.ts';
import { checkAccessSettings } from './access-settings.ts';

function check(options: ConfigOptions): void {
  checkAccessSettings(readConfig(options, {}).config);
}

const PROXY = { trustedProxies: '10.1.2.0/24, ::1', publicUrl: 'https://triage.example' };
const CERTIFICATE = { httpCertificateFile: 'a.pem', httpKeyFile: 'a.key' };
const OIDC = {
  signIn: 'oidc',
  publicUrl: 'https://triage.example',
  oidcIssuer: 'https://login.example',
  oidcClientId: 'osteotriage',
  oidcRoles: 'DXA=coordinator',
};

describe('the door of the worklist', () => {
  it('is on this machine alone, with accounts of the node, when nothing is said', () => {
    const { config } = readConfig({}, {});
    expect([config.httpHost, config.signIn]).toEqual(['127.0.0.1', 'local']);
    expect(() => check({})).not.toThrow();
  });

  it.each([
    ['behind a proxy that ends https', PROXY],
    ['with a certificate of its own', CERTIFICATE],
    ['with both and a provider', { ...PROXY, ...CERTIFICATE, ...OIDC }],
  ])('may be on the network %s', (_how, options) => {
    expect(() => check({ httpHost: '0.0.0.0', ...options })).not.toThrow();
  });

  it.each([
    ['alone', {}, /https only/],
    ['with a proxy that speaks http', { ...PROXY, publicUrl: 'http://triage.example' }, /https only/],
    ['with a proxy that nobody named', { publicUrl: 'https://triage.example' }, /https only/],
    ['without sign-in', { ...PROXY, ...CERTIFICATE, signIn: 'off' }, /without sign-in/],
    ['with half a certificate', { httpCertificateFile: 'a.pem' }, /go together/],
  ])('is not opened to the network %s', (_how, options, message) => {
    expect(() => check({ httpHost: '0.0.0.0', ...options })).toThrow(message);
  });

  it('needs to know the provider, its roles, and where people are sent back to', () => {
    expect(() => check(OIDC)).not.toThrow();
    expect(() => check({ ...OIDC, publicUrl: '' })).toThrow(/TRIAGE_PUBLIC_URL/);
    expect(() => check({ ...OIDC, oidcRoles: '', oidcClientId: '' })).toThrow(
      /needs TRIAGE_OIDC_CLIENT_ID, TRIAGE_OIDC_ROLES/,
    );
  });

  it.each([
    ['DXA=coordinator, cn=IT=administrator', ['DXA', 'cn=IT']],
    [
      '["CN=DXA,OU=Groups,DC=example=coordinator", "IT=administrator"]',
      ['CN=DXA,OU=Groups,DC=example', 'IT'],
    ],
  ])('maps the groups of %s, whose names may have commas in a JSON list', (oidcRoles, groups) => {
    expect(readConfig({ oidcRoles }, {}).config.oidcRoles).toEqual([
      { group: groups[0], role: 'coordinator' },
      { group: groups[1], role: 'administrator' },
    ]);
  });

  it.each([
    [{ oidcRoles: 'DXA=king' }, /TRIAGE_OIDC_ROLES|oidcRoles/],
    [{ oidcRoles: 'CN=DXA,OU=Groups=coordinator' }, /a JSON list where names have commas/],
    [{ oidcRoles: '["DXA=coordinator"' }, /a JSON list where names have commas/],
    [{ oidcRoles: '["DXA=king"]' }, /a JSON list where names have commas/],
    [{ oidcRoles: '{"DXA":"coordinator"}' }, /TRIAGE_OIDC_ROLES|oidcRoles/],
    [{ trustedProxies: 'proxy.example' }, /an address or a network/],
    [{ publicUrl: 'https://triage.example/worklist' }, /without a path/],
    [{ sessionIdleMinutesMax: '0' }, /minutes without a touch/],
  ])('says what is wrong with %j', (options, message) => {
    expect(() => readConfig(options, {})).toThrow(message);
  });
});
