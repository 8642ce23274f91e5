import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { MessageView } from '../exchange/message-views.ts';
import { momentOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice, SinceLines, TableCard } from './page-parts.tsx';
import { fillWords } from './words.ts';
import { restartMessages, useDeadMessages } from './worklist-queries.ts';

/** Messages that a receiver did not take, by receiver, to be sent again. */
export function MessagesPart() {
  const { words } = useLanguage();
  const { data, error } = useDeadMessages();
  const messages = data?.messages ?? [];
  const receivers = [...new Set(messages.map(({ receiver }) => receiver))].sort();
  return (
    <section className="part" aria-labelledby="messages">
      <h2 id="messages">{words.messagesTitle}</h2>
      <p className="intro">{words.messagesIntro}</p>
      {data === undefined && <AwaitedNotice error={error} />}
      {data !== undefined && messages.length === 0 && <p className="faint">{words.messagesEmpty}</p>}
      {data !== undefined &&
        receivers.map((receiver) => (
          <Receiver
            key={receiver}
            name={receiver}
            messages={messages.filter((message) => message.receiver === receiver)}
            at={data.at}
          />
        ))}
    </section>
  );
}

function Receiver(properties: {
  readonly name: string;
  readonly messages: readonly MessageView[];
  readonly at: string;
}) {
  const { words } = useLanguage();
  const { name, messages, at } = properties;
  const client = useQueryClient();
  const restart = useMutation({
    mutationFn: () => restartMessages(name),
    onSettled: () => client.invalidateQueries({ queryKey: ['messages'] }),
  });
  return (
    <section className="part" aria-label={name}>
      <div className="page-head">
        <h3>{name}</h3>
        <button
          type="button"
          className="button"
          disabled={restart.isPending}
          onClick={() => restart.mutate()}
        >
          {fillWords(words.restartMessages, { n: messages.length, name })}
        </button>
      </div>
      {restart.error !== null && <AwaitedNotice error={restart.error} />}
      <MessageTable name={name} messages={messages} at={at} />
    </section>
  );
}

function MessageTable({ name, messages, at }: Parameters<typeof Receiver>[0]) {
  const { language, words } = useLanguage();
  return (
    <TableCard label={name}>
      <table className="rows stacked">
        <caption className="unseen">{name}</caption>
        <thead>
          <tr>
            <th scope="col">{words.messageKind}</th>
            <th scope="col">{words.note}</th>
            <th scope="col">{words.attempts}</th>
            <th scope="col">{words.givenUp}</th>
          </tr>
        </thead>
        <tbody>
          {messages.map((message) => (
            <tr key={message.messageId}>
              <td className="lines">
                <span>{words[`message-${message.kind}`]}</span>
                {message.standing !== null && <span className="faint code">{message.standing}</span>}
              </td>
              <td data-label={words.note} className="reason break">
                {message.note ?? '–'}
              </td>
              <td data-label={words.attempts} className="lines">
                <span>{message.attempts}</span>
                {message.firstTryAt !== null && (
                  <span className="faint">
                    {fillWords(words.firstTried, { time: momentOf(message.firstTryAt, language) })}
                  </span>
                )}
              </td>
              <td data-label={words.givenUp} className="lines">
                <SinceLines from={message.changedAt} at={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableCard>
  );
}
