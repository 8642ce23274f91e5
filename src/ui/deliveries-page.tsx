import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { DeliveryView } from '../worklist/delivery-desk.ts';
import { momentOf, spokenCode } from './display.ts';
import { useLanguage } from './language.tsx';
import { MessagesPart } from './messages-part.tsx';
import { AwaitedNotice, FilmLink, PersonLines, SinceLines, usePageTitle, TableCard } from './page-parts.tsx';
import { fillWords } from './words.ts';
import { restartDeliveries, useDeadDeliveries } from './worklist-queries.ts';

/** Reports that could not be delivered, each with its reason, to be sent again when that is mended. */
export function DeliveriesPage() {
  const { words } = useLanguage();
  const { data, error } = useDeadDeliveries();
  usePageTitle(words.deliveriesTitle);
  const deliveries = data?.deliveries ?? [];
  const destinations = [...new Set(deliveries.map(({ destination }) => destination))].sort();
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.deliveriesTitle}</h1>
          <p className="intro">{words.deliveriesIntro}</p>
        </div>
      </div>
      {data === undefined && <AwaitedNotice error={error} />}
      {data !== undefined && deliveries.length === 0 && (
        <section className="empty">
          <h2>{words.deliveriesEmptyTitle}</h2>
          <p>{words.deliveriesEmptyText}</p>
        </section>
      )}
      {data !== undefined &&
        destinations.map((destination) => (
          <Destination
            key={destination}
            name={destination}
            deliveries={deliveries.filter((delivery) => delivery.destination === destination)}
            at={data.at}
          />
        ))}
      <MessagesPart />
    </>
  );
}

function Destination(properties: {
  readonly name: string;
  readonly deliveries: readonly DeliveryView[];
  readonly at: string;
}) {
  const { words } = useLanguage();
  const { name, deliveries, at } = properties;
  const client = useQueryClient();
  const restart = useMutation({
    mutationFn: () => restartDeliveries(name),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['deliveries'] }),
        client.invalidateQueries({ queryKey: ['status'] }),
      ]),
  });
  return (
    <section className="part" aria-label={name}>
      <div className="page-head">
        <h2>{name}</h2>
        <button
          type="button"
          className="button"
          disabled={restart.isPending}
          onClick={() => restart.mutate()}
        >
          {fillWords(words.restartAll, { n: deliveries.length, name })}
        </button>
      </div>
      {restart.error !== null && <AwaitedNotice error={restart.error} />}
      <DeliveryTable name={name} deliveries={deliveries} at={at} />
    </section>
  );
}

function DeliveryTable(properties: {
  readonly name: string;
  readonly deliveries: readonly DeliveryView[];
  readonly at: string;
}) {
  const { language, words } = useLanguage();
  const { name, deliveries, at } = properties;
  return (
    <TableCard label={name}>
      <table className="rows stacked">
        <caption className="unseen">{name}</caption>
        <thead>
          <tr>
            <th scope="col">{words.person}</th>
            <th scope="col">{words.object}</th>
            <th scope="col">{words.note}</th>
            <th scope="col">{words.attempts}</th>
            <th scope="col">{words.givenUp}</th>
            <th scope="col">{words.film}</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <tr key={`${delivery.examId} ${delivery.revision} ${delivery.object}`}>
              <th scope="row" className="lines">
                {delivery.person === null ? (
                  <span className="code">{delivery.examId}</span>
                ) : (
                  <PersonLines person={delivery.person} ageYears={delivery.ageYears} />
                )}
              </th>
              <td>{words[delivery.object]}</td>
              <td data-label={words.note} className="reason" title={delivery.note ?? undefined}>
                {delivery.note === null ? '–' : spokenCode(delivery.note, language)}
              </td>
              <td data-label={words.attempts} className="lines">
                <span>{delivery.attempts}</span>
                {delivery.firstTryAt !== null && (
                  <span className="faint">
                    {fillWords(words.firstTried, { time: momentOf(delivery.firstTryAt, language) })}
                  </span>
                )}
              </td>
              <td data-label={words.givenUp} className="lines">
                <SinceLines from={delivery.changedAt} at={at} />
              </td>
              <td className="links">
                {delivery.person !== null && <FilmLink examId={delivery.examId} person={delivery.person} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableCard>
  );
}
