import type { ExamView } from '../../src/worklist/worklist-views.ts';

/** An exam as the worklist shows it, and when it could be seen there. */
export interface SeenExam {
  readonly exam: ExamView;
  readonly seenAtMs: number;
}

/**
 * Watches the worklist as its pages do, by server-sent events, and says when an exam's outcome can be seen. An
 * outcome that was seen before anybody asked for it is kept.
 */
export class ExamWatch {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #abort = new AbortController();
  readonly #seen = new Map<string, SeenExam>();
  readonly #waiters = new Map<string, (seen: SeenExam) => void>();
  #following: Promise<void> = Promise.resolve();

  constructor(url: string, cookie = '') {
    this.#url = url;
    this.#headers = cookie === '' ? {} : { cookie };
  }

  /** Opens the stream of events; resolves when the server has answered. */
  async open(): Promise<void> {
    const response = await fetch(new URL('/api/events', this.#url), {
      signal: this.#abort.signal,
      headers: this.#headers,
    });
    const { body } = response;
    if (!response.ok || body === null) throw new Error(`no events: HTTP ${response.status}`);
    this.#following = this.#follow(body).catch(() => undefined);
  }

  /** The exam of an instance once it has an outcome. */
  async outcomeOf(sopInstanceUid: string, waitMsMax: number): Promise<SeenExam> {
    const known = this.#seen.get(sopInstanceUid);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<SeenExam>();
    this.#waiters.set(sopInstanceUid, resolve);
    const timer = setTimeout(() => reject(new Error(`no outcome within ${waitMsMax} ms`)), waitMsMax);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(sopInstanceUid);
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#following;
  }

  async #follow(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const examId = /"examId":"([^"]+)"/.exec(event)?.[1];
        if (examId !== undefined) void this.#look(examId).catch(() => undefined);
      }
    }
  }

  async #look(examId: string): Promise<void> {
    const response = await fetch(new URL(`/api/exams/${examId}`, this.#url), { headers: this.#headers });
    if (!response.ok) return;
    const { exam } = (await response.json()) as { readonly exam: ExamView };
    if (exam.state === 'pending') return;
    const seen = { exam, seenAtMs: Date.now() };
    this.#seen.set(exam.sopInstanceUid, seen);
    this.#waiters.get(exam.sopInstanceUid)?.(seen);
  }
}
