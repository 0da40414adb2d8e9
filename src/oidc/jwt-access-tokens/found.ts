import type { AdapterFactory, Grant, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { incarnationOf } from '../consent/incarnations.ts'
import { currentContext } from '../provider/context.ts'
import { deny } from './deny-list.ts'
import type { JwtReader, ReadToken } from './reader.ts'
import { isSealed, type References } from './reference.ts'

/*
 * JWT access tokens are not stored, and the library refuses to introspect or revoke what it does not store. Here they are
 * found all the same, as what the library would have stored, so that every rule for a stored token holds for them: client
 * authentication comes first, the Grant, the session and the account have to be there still, and what was taken from the
 * client is taken from them (narrowed/tokens.ts).
 *
 *   token=eyJ… ──disguised──► client authentication ──► find ──► signature ──► deny list ──► Grant, session, account
 */

/** Where a JWT access token may come to. At every other door it is none of ours. */
const ENDPOINTS = new Set(['introspection', 'revocation', 'userinfo'])
/** Those whose `token` parameter the library looks at before it looks for the token. */
const DISGUISED = new Set(['introspection', 'revocation'])
const TOKENS = new Set(['AccessToken', 'ClientCredentials', 'RefreshToken'])

/** A token that the library knows has no dot in it; with this in front, a JWT is no JOSE object either. */
const DISGUISE = 'jwt:'
const hasParts = (value: string): boolean => value.includes('.')

type Context = KoaContextWithOIDC

export interface JwtAccessTokens {
  /** The adapter with JWT access tokens in it. */
  within(adapter: AdapterFactory): AdapterFactory
  /** Once the provider is there. */
  attach(provider: Provider): void
}

export function createJwtAccessTokens(deps: {
  reader: JwtReader
  references: Pick<References, 'seal'>
  artifacts: Pick<ArtifactStore, 'insert'>
  /** Whether an audience contains userinfo. */
  forUserinfo(audience: string | readonly string[]): boolean
}): JwtAccessTokens {
  const inRequest = new WeakMap<Context, { value: string; read: Promise<ReadToken | undefined> }>()
  const found = new WeakMap<Context, ReadToken['reference']>()

  /** The library asks for each kind of token: the signature is checked once. */
  function readOnce(ctx: Context, value: string): Promise<ReadToken | undefined> {
    const known = inRequest.get(ctx)
    if (known?.value === value) return known.read
    const disguised = DISGUISED.has(String(ctx.oidc.route)) && value.startsWith(DISGUISE)
    const read = deps.reader.read(disguised ? value.slice(DISGUISE.length) : value)
    inRequest.set(ctx, { value, read })
    return read
  }

  async function find(model: string, value: string) {
    const ctx = currentContext()
    if (ctx === undefined || !ENDPOINTS.has(String(ctx.oidc.route))) return undefined
    const token = await readOnce(ctx, value)
    if (token?.kind !== model) return undefined
    found.set(ctx, token.reference)
    // Userinfo takes those that are for it (tokens/one-token.ts).
    return ctx.oidc.route !== 'userinfo' || deps.forUserinfo(token.payload.aud) ? token.payload : undefined
  }

  return {
    within: (adapter) => (model) => {
      const stored = adapter(model)
      if (!TOKENS.has(model)) return stored
      return {
        ...stored,
        find: async (value) =>
          typeof value === 'string' && hasParts(value) ? find(model, value) : stored.find(value),
      }
    },
    attach(provider) {
      disguiseTokens(provider)
      nameTokens(provider, deps.references)
      denyInsteadOfDelete(provider, deps.artifacts)

      const { Grant } = provider
      const findGrant = Grant.find.bind(Grant) as (id: string, options?: object) => Promise<Grant | undefined>
      const findSame = async (id: string, options?: object) => {
        const grant = await findGrant(id, options)
        const ctx = currentContext()
        const reference = ctx && found.get(ctx)
        if (reference?.grantId !== id) return grant
        return incarnationOf(grant) === reference.incarnation ? grant : undefined
      }
      Object.assign(Grant, { find: findSame })
    },
  }
}

/** Before the library looks whether it is a JWT, and refuses it with an error that RFC 7662 does not have. */
function disguiseTokens(provider: Provider): void {
  Object.defineProperty(provider.OIDCContext.prototype, 'params', {
    configurable: true,
    set(this: Context['oidc'], value: Record<string, unknown> | undefined) {
      Object.defineProperty(this, 'params', { value, configurable: true, enumerable: true, writable: true })
      const token = value?.token
      if (DISGUISED.has(String(this.route)) && typeof token === 'string' && hasParts(token))
        Object.assign(value ?? {}, { token: `${DISGUISE}${token}` })
    },
  })
}

/** Gives those that become JWTs a sealed `jti`. */
function nameTokens({ AccessToken, ClientCredentials }: Provider, { seal }: Pick<References, 'seal'>): void {
  for (const { prototype } of [AccessToken, ClientCredentials]) {
    const generate = Reflect.get(prototype, 'generateTokenId') as () => string
    Object.assign(prototype, {
      generateTokenId(this: Parameters<typeof seal>[0]) {
        const id = generate.call(this)
        return this.resourceServer?.accessTokenFormat === 'jwt' ? seal(this) : id
      },
    })
  }
}

/**
 * What revokes a single access token ends that alone, be it a JWT or stored: its refresh token goes on, and so does the Grant
 * (RFC 7009 §2.1 leaves it to us). The library goes on to end everything that hangs on the `grantId` of the token that it
 * has destroyed.
 */
function denyInsteadOfDelete(
  { AccessToken, ClientCredentials }: Provider,
  artifacts: Pick<ArtifactStore, 'insert'>,
): void {
  for (const { prototype } of [AccessToken, ClientCredentials]) {
    const destroy = prototype.destroy
    prototype.destroy = async function (this: { jti: string; exp: number; grantId?: string | undefined }) {
      if (isSealed(this.jti)) await deny(artifacts, this)
      else await destroy.call(this)
      this.grantId = undefined
    }
  }
}
