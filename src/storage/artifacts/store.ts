/** A protocol artefact as the library hands it over: a JSON object. Times in it are seconds since the epoch. */
export type ArtifactPayload = Record<string, unknown>

/** A session as a request found it. */
export interface SessionAsRead {
  id: string
  payload: ArtifactPayload
}

/** What a list of a person's or a client's artefacts shows. `id` is the stored hash, of no use as a credential. */
export interface ArtifactSummary {
  id: string
  model: string
  payload: ArtifactPayload
  /** Seconds since the epoch. */
  expiresAt: number | null
}

/** What one look-up has found: an artefact, and what a request that brought it asks for next, as far as it is there. */
export interface Related {
  found: ArtifactPayload
  /** The Grant that it hangs on. */
  grant: ArtifactPayload | undefined
  /** The session that it names as its `sessionUid`. */
  session: ArtifactPayload | undefined
  /** The row of its account, with the columns that the store was opened with. */
  account: Record<string, unknown> | undefined
}

/** An artefact to be stored. `ttl`: seconds to live; undefined: until destroyed. */
export interface ToStore {
  model: string
  id: string
  payload: ArtifactPayload
  ttl: number | undefined
}

/** What one request writes: all of it or nothing. */
export interface UnitOfWork {
  /** What the request uses up. Where that was used before, nothing of the unit is written. `remember` as in `consume`. */
  consume?: { model: string; id: string; remember: number } | undefined
  /** What it issues, under ids that were made for it. Never sessions. */
  store: readonly ToStore[]
  /** A session that is saved under the id that it was read by, as `saveSession` does. */
  session?: { id: string; payload: ArtifactPayload; ttl: number; asRead: SessionAsRead } | undefined
}

/**
 * Codes, tokens, sessions, interactions, grants: everything that the protocol writes. Every engine passes
 * test/contracts/artifact-store.ts. `model` is a name of the protocol library (“AccessToken”, “Session”).
 *
 * What every engine guarantees:
 * - an id is stored as its SHA-256 hash, and no stored payload holds the id in clear; a Grant alone, whose id is no credential, is
 *   named by what hangs on it, and by its own row;
 * - what has expired is never returned, whether or not the clean-up has seen it;
 * - `consume` and `insert` succeed once, however many calls and processes race;
 * - a unit of work takes effect as a whole or not at all, also when the process dies;
 * - what was used stays findable, `consumed`, for as long as its user asked, and its `exp` says so;
 * - a session that was ended stays so: a late save does not bring it back;
 * - two saves of one session keep what both changed, field by field and, in `authorizations`, client by client.
 */
export interface ArtifactStore {
  /** @param ttl seconds to live; undefined: until destroyed */
  upsert(model: string, id: string, payload: ArtifactPayload, ttl: number | undefined): Promise<void>
  /**
   * Saves of a session that was read before only what differs from that, so that the changes of other requests stay.
   * With another `id` than it was read by, the session moves there, and the old id finds nothing any more.
   * @param ttl seconds to live from now
   * @returns false: since it was read the session has ended or has become another account's (nothing is saved in both cases), or it
   *   has moved to another id than this; a browser must not be given this id
   */
  saveSession(id: string, payload: ArtifactPayload, ttl: number, asRead: SessionAsRead): Promise<boolean>
  /**
   * Writes a unit of work: one transaction, of one statement where the engine can.
   * @returns used: it has used up what it consumes, or consumes nothing; saved: what `saveSession` answers, true without a session
   */
  commit(unit: UnitOfWork): Promise<{ used: boolean; saved: boolean }>
  /** Replaces what must still be there. False: it is not. */
  replace(model: string, id: string, payload: ArtifactPayload, ttl: number): Promise<boolean>
  /**
   * Reads, changes and writes: when another request has written in between, its write is not lost, and `change` is called again with
   * the new payload. Never for sessions.
   * @param change gets the stored payload, if any, and returns the one to store; undefined: leave it as it is
   */
  change(
    model: string,
    id: string,
    ttl: number | undefined,
    change: (before: ArtifactPayload | undefined) => ArtifactPayload | undefined,
  ): Promise<void>
  /** Stores what must not exist yet. False: it was there already (a replay). */
  insert(model: string, id: string, payload: ArtifactPayload, ttl: number): Promise<boolean>
  find(model: string, id: string): Promise<ArtifactPayload | undefined>
  /**
   * `find`, with what is asked for next: one look-up, for several requests at once. Missing where a read is no round trip, and each is
   * done when it is needed.
   * @param clientId of a session: the Grant that comes along is that of this client
   */
  findRelated?(model: string, id: string, clientId?: string): Promise<Related | undefined>
  findByUid(model: string, uid: string): Promise<ArtifactPayload | undefined>
  findByUserCode(model: string, userCode: string): Promise<ArtifactPayload | undefined>
  /**
   * Marks as used. True for exactly one caller (for a refresh token: for every caller inside its grace window).
   * @param remember seconds from now that it is findable at least, whatever its own lifetime
   */
  consume(model: string, id: string, remember?: number): Promise<boolean>
  /** False: it was not there. */
  destroy(model: string, id: string): Promise<boolean>
  /** Ends a session as signing out does: it, whatever id it has by now, and nothing that hangs on its grants. */
  endSession(uid: string): Promise<void>
  /** Destroys all artefacts of one model that hang on a grant. */
  revokeByGrantId(model: string, grantId: string): Promise<void>
  /** The live artefacts of one model that belong to an account, newest first. */
  listByAccount(model: string, accountId: string): Promise<ArtifactSummary[]>
  /**
   * Ends everything of an account: sessions, codes, tokens, grants. With `clientId` only what belongs to that client
   * too (never sessions). With `exceptSessionUid` that session, and what hangs on its grants, stays. Rows of the model
   * “Consent” stay, as remembered decisions, not credentials: `forgetConsents` takes them.
   */
  revokeByAccount(
    accountId: string,
    options?: { clientId?: string; exceptSessionUid?: string | undefined },
  ): Promise<void>
  /** Writes another `generation` into a session and the Grants that it names: they go on when others of it have ended. */
  carryOver(accountId: string, uid: string, generation: number): Promise<void>
  /** Deletes the remembered decisions of an account that is being deleted; with `clientId`, those about one client. */
  forgetConsents(accountId: string, options?: { clientId?: string }): Promise<void>
  /** Which of these clients have a live artefact of their own, a Grant or a remembered decision. */
  clientsInUse(clientIds: readonly string[]): Promise<string[]>
  /**
   * The live Grants of a client, or what of it hangs on none (its consents, its own tokens): how many, and of how many accounts.
   * @param most that are counted
   */
  countByClient(clientId: string, model: string, most: number): Promise<{ count: number; accounts: number }>
  /**
   * Ends up to about `limit` artefacts of a client, the tokens before the Grants that they hang on. Returns how many; 0: nothing is
   * left. It is for the caller that the client gets no more: see src/clients/revocation.
   */
  revokeByClient(clientId: string, limit: number): Promise<number>
  /** Ends one session by its uid, and all that hangs on the grants named in its `authorizations`. */
  revokeSession(accountId: string, uid: string): Promise<void>
  /** Deletes up to `limit` rows that expired over a minute ago; returns how many. */
  sweep(limit: number): Promise<number>
  close(): Promise<void>
}
