import type { ContextAnswer, ProposedContext } from './associate-pdu.ts';
import { ABORT_REASON, ProtocolFault } from './protocol-fault.ts';

/** Results of one presentation context (PS3.8 Table 9-18). */
const CONTEXT_RESULT = {
  accepted: 0,
  userRejected: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const;

/** A presentation context that both sides agreed on. */
export interface AcceptedContext {
  readonly contextId: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
}

/**
 * Answers a proposal; `syntaxesOf` gives the transfer syntaxes in which an abstract syntax is supported, if it is
 * at all. Of each context the first transfer syntax in the proposer's own list that we support is taken, so that
 * no peer is asked to transcode what it holds.
 */
export function answerContexts(
  proposed: readonly ProposedContext[],
  syntaxesOf: (abstractSyntax: string) => ReadonlySet<string> | undefined,
): readonly ContextAnswer[] {
  return proposed.map((context) => answerContext(context, syntaxesOf(context.abstractSyntax)));
}

function answerContext(context: ProposedContext, syntaxes: ReadonlySet<string> | undefined): ContextAnswer {
  const { contextId } = context;
  const refused = context.transferSyntaxes[0] ?? '';
  if (syntaxes === undefined) {
    return { contextId, result: CONTEXT_RESULT.abstractSyntaxNotSupported, transferSyntax: refused };
  }
  const chosen = context.transferSyntaxes.find((uid) => syntaxes.has(uid));
  return chosen === undefined
    ? { contextId, result: CONTEXT_RESULT.transferSyntaxesNotSupported, transferSyntax: refused }
    : { contextId, result: CONTEXT_RESULT.accepted, transferSyntax: chosen };
}

/** The contexts in force after an answer, by identifier; an answer nobody asked for is a fault. */
export function settleContexts(
  proposed: readonly ProposedContext[],
  answers: readonly ContextAnswer[],
): ReadonlyMap<number, AcceptedContext> {
  const accepted = new Map<number, AcceptedContext>();
  for (const answer of answers) {
    const proposal = proposed.find((context) => context.contextId === answer.contextId);
    if (proposal === undefined) {
      throw unexpectedAnswer(`context ${answer.contextId} is answered but was not proposed`);
    }
    if (answer.result !== CONTEXT_RESULT.accepted) continue;
    if (!proposal.transferSyntaxes.includes(answer.transferSyntax)) {
      throw unexpectedAnswer(`context ${answer.contextId} is accepted in a syntax that was not proposed`);
    }
    const { contextId, transferSyntax } = answer;
    accepted.set(contextId, { contextId, abstractSyntax: proposal.abstractSyntax, transferSyntax });
  }
  return accepted;
}

function unexpectedAnswer(message: string): ProtocolFault {
  return new ProtocolFault(ABORT_REASON.unexpectedPduParameter, message);
}
