import { useState } from 'react';
import { CheckField, useAdminWords } from './admin-parts.tsx';
import { RULE_NAMES, replaced, typedNumber, withRule } from './site-book.ts';
import type { Book, BookPeer, BookSite, RuleName } from './site-book.ts';
import { TextField } from './text-field.tsx';

const RIGHTS = ['store', 'commit', 'worklist', 'mpps', 'dxa-results'] as const;
const DEFAULT_RIGHTS: readonly string[] = ['store', 'commit'];

type Defaults = Readonly<Record<string, number | null>>;

/** The sites, each with its rules, its receivers and its senders. */
export function SiteForms(properties: {
  readonly book: Book;
  readonly defaults: Defaults;
  readonly change: (book: Book) => void;
}) {
  const { admin } = useAdminWords();
  const { book, defaults, change } = properties;
  const sites = book.sites ?? [];
  const names = (book.destinations ?? []).map(({ name = '' }) => name).filter((name) => name !== '');
  return (
    <>
      {sites.map((site, index) => (
        <SiteForm
          // Sites have no other name than the one that is typed here.
          key={index}
          {...{ site, defaults, destinations: names }}
          change={(changed) => change({ ...book, sites: replaced(sites, index, changed) })}
        />
      ))}
      {sites.length === 0 && <p className="faint">{admin.noSiteYet}</p>}
      <p>
        <button
          type="button"
          className="button"
          onClick={() =>
            change({ ...book, sites: [...sites, { id: '', name: '', peers: [], reportsTo: [] }] })
          }
        >
          {sites.length === 0 ? admin.firstSite : admin.addSite}
        </button>
      </p>
    </>
  );
}

function SiteForm(properties: {
  readonly site: BookSite;
  readonly defaults: Defaults;
  readonly destinations: readonly string[];
  readonly change: (site: BookSite | undefined) => void;
}) {
  const { admin } = useAdminWords();
  const { site, defaults, destinations, change } = properties;
  const [isNew] = useState((site.id ?? '') === '');
  const { id = '', name = '' } = site;
  return (
    <details className="card form-card part" open={isNew}>
      <summary>
        <strong>{name === '' ? admin.newSite : name}</strong> <span className="faint code">{id}</span>
      </summary>
      <div className="form-grid">
        {isNew && (
          <TextField
            label={admin.siteId}
            hint={admin.siteIdHint}
            value={id}
            change={(text) => change({ ...site, id: text })}
            maxLength={40}
          />
        )}
        <TextField
          label={admin.siteName}
          value={name}
          change={(text) => change({ ...site, name: text })}
          maxLength={100}
        />
      </div>
      <RuleFields site={site} defaults={defaults} change={change} />
      <ReceiverBoxes site={site} destinations={destinations} change={change} />
      <PeerForms site={site} change={change} />
      <button type="button" className="button button-plain" onClick={() => change(undefined)}>
        {admin.remove}: {name === '' ? admin.newSite : name}
      </button>
    </details>
  );
}

function RuleFields(properties: {
  readonly site: BookSite;
  readonly defaults: Defaults;
  readonly change: (site: BookSite) => void;
}) {
  const { admin } = useAdminWords();
  const { site, defaults, change } = properties;
  return (
    <fieldset>
      <legend>{admin.rules}</legend>
      <p className="faint">{admin.rulesHint}</p>
      <div className="form-grid">
        {RULE_NAMES.map((rule) => (
          <RuleField
            key={rule}
            {...{ rule, value: site.rules?.[rule] ?? null, otherwise: defaults[rule] ?? null }}
            change={(value) => change(withRule(site, rule, value))}
          />
        ))}
      </div>
    </fieldset>
  );
}

function ReceiverBoxes(properties: {
  readonly site: BookSite;
  readonly destinations: readonly string[];
  readonly change: (site: BookSite) => void;
}) {
  const { admin } = useAdminWords();
  const { site, destinations, change } = properties;
  const { reportsTo = [] } = site;
  if (destinations.length === 0) return null;
  return (
    <fieldset>
      <legend>{admin.reportsTo}</legend>
      {destinations.map((one) => (
        <CheckField
          key={one}
          label={one}
          checked={reportsTo.includes(one)}
          change={(isChecked) =>
            change({
              ...site,
              reportsTo: isChecked ? [...reportsTo, one] : reportsTo.filter((other) => other !== one),
            })
          }
        />
      ))}
    </fieldset>
  );
}

function PeerForms(properties: { readonly site: BookSite; readonly change: (site: BookSite) => void }) {
  const { admin } = useAdminWords();
  const { site, change } = properties;
  const { peers = [] } = site;
  return (
    <fieldset>
      <legend>{admin.peers}</legend>
      {peers.map((peer, index) => (
        <PeerForm
          key={index}
          peer={peer}
          change={(changed) => change({ ...site, peers: replaced(peers, index, changed) })}
        />
      ))}
      <button
        type="button"
        className="button"
        onClick={() => change({ ...site, peers: [...peers, { aeTitle: '', addresses: [] }] })}
      >
        {admin.addPeer}
      </button>
    </fieldset>
  );
}

/** Keeps what is typed while it is no number yet. */
function RuleField(properties: {
  readonly rule: RuleName;
  readonly value: number | null;
  readonly otherwise: number | null;
  readonly change: (value: number | null) => void;
}) {
  const { admin, language } = useAdminWords();
  const { rule, value, otherwise, change } = properties;
  const shown = (number: number | null): string => {
    const text = number === null ? '' : String(number);
    return language === 'sv' ? text.replace('.', ',') : text;
  };
  const [typed, setTyped] = useState<string>();
  return (
    <TextField
      label={admin[`rule-${rule}`]}
      inputMode="decimal"
      hint={otherwise === null ? admin.none : shown(otherwise)}
      value={typed ?? shown(value)}
      change={(text) => {
        const number = typedNumber(text);
        setTyped(number === undefined || /[.,]0*$/.test(text) ? text : undefined);
        if (number !== undefined) change(number);
      }}
    />
  );
}

function PeerForm(properties: {
  readonly peer: BookPeer;
  readonly change: (peer: BookPeer | undefined) => void;
}) {
  const { admin } = useAdminWords();
  const { peer, change } = properties;
  const { aeTitle = '', addresses = [], rights = DEFAULT_RIGHTS } = peer;
  const [typed, setTyped] = useState(addresses.join(' '));
  return (
    <div className="sub-form">
      <div className="form-grid">
        <TextField
          label={admin.aeTitle}
          value={aeTitle}
          change={(text) => change({ ...peer, aeTitle: text })}
          maxLength={16}
        />
        <TextField
          label={admin.addresses}
          hint={admin.addressesHint}
          value={typed}
          change={(text) => {
            setTyped(text);
            change({ ...peer, addresses: text.split(/[\s,;]+/).filter((one) => one !== '') });
          }}
        />
      </div>
      <fieldset className="bare check-row">
        <legend>{admin.rights}</legend>
        {RIGHTS.map((right) => (
          <CheckField
            key={right}
            label={admin[`right-${right}`]}
            checked={rights.includes(right)}
            change={(isChecked) =>
              change({
                ...peer,
                rights: RIGHTS.filter((one) => (one === right ? isChecked : rights.includes(one))),
              })
            }
          />
        ))}
      </fieldset>
      <button type="button" className="button button-plain" onClick={() => change(undefined)}>
        {admin.remove}: {aeTitle}
      </button>
    </div>
  );
}
