import type { AccessToken, Client, ClientCredentials, Provider } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import type { ArtifactPayload } from '../../storage/artifacts/store.ts'
import type { TokenContext, TokenModel, TokenReads } from '../../storage/token-reads/token-reads.ts'
import type { Admits } from '../app-access/rule.ts'
import { isGoodAsItIs } from '../consent/grants.ts'
import { incarnationOf } from '../consent/incarnations.ts'
import type { AccountOfProtocol, TokenHolder } from '../dependencies.ts'
import { denialOf } from '../jwt-access-tokens/deny-list.ts'
import type { JwtReader } from '../jwt-access-tokens/reader.ts'
import { isNarrowed } from '../narrowed/tokens.ts'
import {
  countingMembership,
  fitsClient,
  type OrganizationReads,
  organizationOf,
  type ProtocolMembership,
} from '../organizations/standing.ts'
import { generationOf, isCurrent } from '../sessions/generations.ts'
import { countsFor } from '../tokens/subjects.ts'

/** A bearer token that is good now, with all that it hangs on. Whether it is good for the caller is another question. */
export type LiveToken<Account = AccountOfProtocol> = { client: Client } & (
  | { token: ClientCredentials; grant?: undefined; account?: undefined; membership?: undefined }
  | {
      token: AccessToken
      grant: ArtifactPayload
      account: Account
      /** For which it was issued. */
      membership: ProtocolMembership | undefined
    }
)

/**
 * Undefined: it is not certain that the token is good and the same as it was issued. Then the library looks, and says why.
 * @throws what the database throws
 */
export type FindLiveToken<Account = AccountOfProtocol> = (
  value: string,
) => Promise<LiveToken<Account> | undefined>

interface Found<Account> extends TokenContext<Account> {
  model: TokenModel
  payload: ArtifactPayload
}

/**
 * Judges a token by one look into the database, with the functions that the library's way is patched with. What the library itself
 * asks of Grant and session stands here once more: `isOf` and `isBound`.
 */
export function createLiveTokens<Account extends TokenHolder>(deps: {
  current(): Provider
  reads: TokenReads<Account>
  jwts(): Pick<JwtReader, 'verified'>
  admits: Admits
  organizations: OrganizationReads
}): FindLiveToken<Account> {
  const { reads } = deps

  async function ofJwt(jwt: string): Promise<Found<Account> | undefined> {
    const read = await deps.jwts().verified(jwt)
    if (read === undefined) return undefined
    const { kind: model, payload, reference } = read
    const { denied, ...context } = await reads.byReference({
      denial: denialOf(payload.jti),
      grantId: reference.grantId,
      sessionUid: reference.expiresWithSession && reference.sessionUid,
      accountId: payload.accountId as string | undefined,
    })
    const again = reference.grantId !== undefined && incarnationOf(context.grant) !== reference.incarnation
    return denied || again ? undefined : { model, payload, ...context }
  }

  async function ofStored(value: string): Promise<Found<Account> | undefined> {
    const stored = await reads.byValue(value)
    return stored && { payload: stored.token, ...stored }
  }

  return async (value) => {
    const found = await (value.includes('.') ? ofJwt(value) : ofStored(value))
    if (found === undefined || !hasOnly(found.payload, OF_TOKENS)) return undefined
    const provider = deps.current()
    const token = asModel(provider[found.model], found.payload)
    if (token === undefined) return undefined
    const client = token.clientId === undefined ? undefined : await provider.Client.find(token.clientId)
    if (client === undefined || client.subjectType === 'pairwise') return undefined
    if (!token.isValid || token.isSenderConstrained() || token.rar !== undefined) return undefined
    if (isNarrowed(token, client)) return undefined
    if (token.kind === 'ClientCredentials') return { token, client }
    const { grant, account } = found
    if (grant === undefined || account === undefined || !isOf(grant, token) || !isBound(found, token))
      return undefined
    if (!hasOnly(grant, OF_GRANTS) || !isGoodAsItIs(grant, client)) return undefined
    if (!isCurrent(account, generationOf(grant)) || !countsFor(account, token)) return undefined
    const organization = organizationOf(grant)
    if (!fitsClient(client, organization)) return undefined
    const membership =
      organization === undefined
        ? undefined
        : await countingMembership(deps.organizations, account.id, organization)
    if (organization !== undefined && membership === undefined) return undefined
    return (await deps.admits(client, account.id)) ? { token, client, grant, account, membership } : undefined
  }
}

/**
 * The fields of what is judged here. Another one stands for a rule that is not asked below (a Grant that an app password made has
 * `appPassword`, and ends with it): the library knows it.
 */
const OF_TOKENS = new Set(
  'accountId aud claims clientId exp expiresWithSession extra grantId gty iat jkt jti kind rar scope sessionUid sid x5t#S256'.split(
    ' ',
  ),
)
const OF_GRANTS = new Set(
  'accountId asked clientId device exp generation iat incarnation jti kind openid organization resources upstream'.split(
    ' ',
  ),
)

/**
 * A token or Grant with the methods of its model. The constructor of the library copies each field twice, and leaves out what is not in the lists
 * above. Undefined: it is of another kind.
 */
export function asModel<Model extends { name: string; prototype: object }>(
  { name, prototype }: Model,
  payload: ArtifactPayload,
): Model['prototype'] | undefined {
  if (payload.kind !== name) return undefined
  return Object.assign(Object.create(prototype), payload)
}

const hasOnly = (payload: ArtifactPayload, known: ReadonlySet<string>): boolean =>
  Object.keys(payload).every((name) => known.has(name))

const isOf = (grant: ArtifactPayload, token: AccessToken): boolean =>
  grant.clientId === token.clientId &&
  grant.accountId === token.accountId &&
  Number(grant.exp) > epochSeconds(Date.now)

/** A token that ends with its session: it is there still, of the same person, and goes on with the same Grant. */
function isBound({ session }: TokenContext<unknown>, token: AccessToken): boolean {
  if (!token.expiresWithSession) return true
  const { accountId, authorizations = {} } = (session ?? {}) as {
    accountId?: string
    authorizations?: Record<string, { grantId?: string }>
  }
  return accountId === token.accountId && authorizations[token.clientId ?? '']?.grantId === token.grantId
}
