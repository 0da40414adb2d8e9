import { type ArtifactRow, fromRest, fromRestWithoutId } from '../artifacts/at-rest.ts'
import type { ArtifactPayload } from '../artifacts/store.ts'

/**
 * What decides about an access token, read at one moment and in one round trip: the token, the Grant and the session that it hangs
 * on, and its account. Nothing is judged here but what `ArtifactStore.find` judges as well: what has expired or was destroyed is not
 * there.
 */
export interface TokenReads<Account> {
  /** A stored access token. Undefined: there is none with this value. */
  byValue(value: string): Promise<StoredToken<Account> | undefined>
  /** What a JWT access token hangs on. */
  byReference(reference: TokenReference): Promise<TokenContext<Account> & { denied: boolean }>
}

export interface TokenContext<Account> {
  grant: ArtifactPayload | undefined
  /** Of a token that ends with its session; without its ID. */
  session: ArtifactPayload | undefined
  account: Account | undefined
}

export interface StoredToken<Account> extends TokenContext<Account> {
  model: TokenModel
  token: ArtifactPayload
}

export type TokenModel = 'AccessToken' | 'ClientCredentials'

export interface TokenReference {
  /** An artefact that must not be there: the token's entry in a list of what was revoked. */
  denial: { model: string; id: string }
  grantId: string | undefined
  /** Of a token that ends with it. */
  sessionUid: string | undefined
  accountId: string | undefined
}

/** How an account is read: columns of `accounts` (`id` is one of them), and what their row becomes. */
export interface AccountView<Account> {
  columns: string
  from(row: never): Account
}

/** Rows as they were found, null where there is none. */
export interface FoundRows {
  grant: ArtifactRow | null
  session: ArtifactRow | null
  account: object | null
}

/** @param value of the token; its row has a hash of it alone */
export const payloadOf = (row: ArtifactRow, value: string): ArtifactPayload =>
  fromRest(row, value, row.id_hash)

/** @param model of the row that the token was read from */
export function storedToken<Account>(
  { model, token }: { model: string; token: ArtifactPayload },
  rows: FoundRows,
  view: AccountView<Account>,
): StoredToken<Account> {
  const { session, ...found } = context(token.grantId, rows, view)
  // PostgreSQL has looked for it in the text of the payload.
  const named = session !== undefined && session.uid === sessionOf(token)
  return { model: model as TokenModel, token, ...found, session: named ? session : undefined }
}

export function context<Account>(
  grantId: unknown,
  { grant, session, account }: FoundRows,
  view: AccountView<Account>,
): TokenContext<Account> {
  return {
    grant:
      grant === null || typeof grantId !== 'string' ? undefined : fromRest(grant, grantId, grant.id_hash),
    session: session === null ? undefined : fromRestWithoutId(session),
    account: account === null ? undefined : view.from(account as never),
  }
}

/** The session that a token ends with; undefined: it goes on without. */
export const sessionOf = ({ expiresWithSession, sessionUid }: ArtifactPayload): string | undefined =>
  expiresWithSession === true && typeof sessionUid === 'string' ? sessionUid : undefined
