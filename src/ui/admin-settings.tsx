import { useState } from 'react';
import type { SettingsAnswer } from '../operations/admin-views.ts';
import { useAdminWords } from './admin-parts.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { useRead } from './requests.ts';
import { TextField } from './text-field.tsx';

/** Every setting of the process, as `osteotriage doctor` prints them. */
export function AdminSettings() {
  const { admin } = useAdminWords();
  const [wanted, setWanted] = useState('');
  const { data, error } = useRead<SettingsAnswer>(['admin-settings'], '/api/admin/settings');
  if (data === undefined) return <AwaitedNotice error={error} />;
  const text = wanted.trim().toLowerCase();
  const settings = data.settings.filter(({ variable, value, meaning }) =>
    `${variable} ${value} ${meaning}`.toLowerCase().includes(text),
  );
  return (
    <section aria-label={admin['part-settings']}>
      <p className="intro">{admin.settingsIntro}</p>
      <div className="find">
        <TextField label={admin.find} type="search" value={wanted} change={setWanted} />
      </div>
      <div className="card part">
        <table className="rows stacked">
          <caption className="unseen">{admin['part-settings']}</caption>
          <thead>
            <tr>
              <th scope="col">{admin.variable}</th>
              <th scope="col">{admin.value}</th>
              <th scope="col">{admin.source}</th>
              <th scope="col">{admin.meaning}</th>
            </tr>
          </thead>
          <tbody>
            {settings.map(({ variable, value, source, meaning }) => (
              <tr key={variable}>
                <th scope="row" className="code">
                  {variable}
                </th>
                <td data-label={admin.value} className="break">
                  {value === '' ? <span className="faint">{admin.empty}</span> : <code>{value}</code>}
                </td>
                <td data-label={admin.source}>
                  {source === 'default' ? (
                    <span className="faint">{admin['source-default']}</span>
                  ) : (
                    <strong>{admin[`source-${source}`]}</strong>
                  )}
                </td>
                <td data-label={admin.meaning} lang="en">
                  {meaning}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
