/** Limits of the DIMSE layer; every one of them is configuration. */
export interface DimseLimits {
  /** Longest P-DATA-TF we offer to receive and accept (PS3.8 Annex D.1). */
  readonly pduBytesMax: number;
  /** Most presentation data values in one P-DATA-TF. */
  readonly pdvsPerPduMax: number;
  /** Longest command set, all its fragments together. */
  readonly commandSetBytesMax: number;
  /** Longest A-ASSOCIATE-RQ or -AC. */
  readonly associateRequestBytesMax: number;
  /** Most presentation contexts in one proposal (PS3.8 allows 128 odd identifiers). */
  readonly presentationContextsMax: number;
  /** Longest data set of one C-STORE. */
  readonly instanceBytesMax: number;
  /** Longest data set of any other message; it is held in memory. */
  readonly dataSetBytesMax: number;
  /** Most associations served at once; above it A-ASSOCIATE-RJ, transient. */
  readonly associationsMax: number;
  /** Most transport connections at once, also those without an association yet. */
  readonly connectionsMax: number;
  /** The ARTIM timer: how long a proposal, or the close after an abort, may take (PS3.8 9.1.5). */
  readonly artimSecondsMax: number;
  /** How long a peer may be silent while we wait for it. */
  readonly idleSecondsMax: number;
  /** How long one message may take from its first byte to its last. */
  readonly messageSecondsMax: number;
}

/** The limits where the configuration says nothing else. */
export const DEFAULT_DIMSE_LIMITS: DimseLimits = {
  pduBytesMax: 256 * 1024,
  pdvsPerPduMax: 256,
  commandSetBytesMax: 16 * 1024,
  // 128 contexts with every transfer syntax of PS3.6 take 236 KB, and gateways do propose so.
  associateRequestBytesMax: 256 * 1024,
  presentationContextsMax: 128,
  instanceBytesMax: 512 * 1024 * 1024,
  dataSetBytesMax: 1024 * 1024,
  associationsMax: 32,
  connectionsMax: 128,
  artimSecondsMax: 10,
  idleSecondsMax: 60,
  messageSecondsMax: 300,
};
