import { errors, type KoaContextWithOIDC, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import type { ArtifactPayload, ArtifactStore, ToStore, UnitOfWork } from '../../storage/artifacts/store.ts'
import { endGrant } from '../consent/end-grant.ts'
import { currentContext } from './context.ts'
import { routes } from './routes.ts'

/*
 * What one request writes is written at once, before its answer leaves (docs/decisions/0037-unit-of-work.md). The library uses up a code,
 * then saves one token after the other, each by itself; here they are collected, and committed together:
 *
 *   token          find code ─► consume (collected) ─► save, save (collected) ─► sign ─► commit ─► 200, or invalid_grant
 *   authorization  find session ─► save code (collected) ─► save session: commit ─► redirect
 *
 * No request can look for a collected artefact before the commit: its id is told to the client by the answer, which leaves after it.
 */

type Artifacts = Pick<ArtifactStore, 'commit' | 'consume'>

/** Made under ids of their own, and found by nothing else before the answer names them. */
const ISSUED = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken'])

/** The grants that use up something. */
const CONSUMING = new Set(['authorization_code', 'refresh_token', DEVICE_CODE_GRANT])

interface Collected {
  consume?: NonNullable<UnitOfWork['consume']> & { done(): void }
  store: ToStore[]
  /** What a look-up has found beside what it was asked for, until it is asked for. */
  beside: Map<string, Record<string, unknown>>
}

/** What a request begins with: the library goes on to ask for what hangs on it. */
const BEGINNINGS = new Set(['AuthorizationCode', 'RefreshToken', 'Session'])

const newUnit = (): Collected => ({ store: [], beside: new Map() })

const units = new WeakMap<object, Collected>()

/** Makes one unit of what is written from here on in a request outside of the library's middlewares; saving its session commits it. */
export const beginUnit = (ctx: KoaContextWithOIDC): void => void units.set(ctx, newUnit())

/** What the request under way has collected; undefined: it writes each by itself. */
function currentUnit(): Collected | undefined {
  const ctx = currentContext()
  return ctx && units.get(ctx)
}

const alreadyUsed = () => new errors.InvalidGrant('already used')

/** Whether the library has refused a request; else this server has failed, or its database. */
const isRefusal = (error: unknown): boolean =>
  error instanceof errors.OIDCProviderError && error.statusCode < 500

/** @param lost is called where another request has used it up since it was found */
async function commit(
  artifacts: Artifacts,
  { consume, store }: Collected,
  lost?: () => Promise<void>,
): Promise<void> {
  if (consume === undefined && store.length === 0) return
  const { used } = await artifacts.commit({ consume, store: store.splice(0) })
  if (!used) {
    await lost?.()
    throw alreadyUsed()
  }
  consume?.done()
}

/**
 * Ends what the first use of a code got (RFC 6749 §4.1.2), as the library does where it finds that a code was used: of two uses at once, either
 * may be the thief's. A device that polls twice at once, and a refresh token within its grace window, lose nothing.
 */
async function endFirstUse(ctx: KoaContextWithOIDC): Promise<void> {
  const { entities, provider } = ctx.oidc
  const grantId = entities.AuthorizationCode?.grantId
  if (grantId === undefined) return
  await endGrant(provider, grantId)
  provider.emit('grant.revoked', ctx, grantId)
}

/** Finds an artefact. Within a unit, what the library asks for next comes along, where that saves a round trip. */
export async function findBeginning(
  artifacts: Pick<ArtifactStore, 'find' | 'findRelated'>,
  model: string,
  id: string,
): Promise<ArtifactPayload | undefined> {
  const unit = BEGINNINGS.has(model) ? currentUnit() : undefined
  if (unit === undefined || artifacts.findRelated === undefined) return artifacts.find(model, id)
  // The library looks for the session before it knows the client, a fast path after that.
  const clientId = model === 'Session' ? currentContext()?.oidc.client?.clientId : undefined
  const related = await artifacts.findRelated(model, id, clientId)
  if (related === undefined) return undefined
  const { found, grant, session, account } = related
  if (grant) unit.beside.set(`Grant ${grant.jti}`, grant)
  if (session) unit.beside.set(`Session ${session.uid}`, session)
  if (account) unit.beside.set(`Account ${account.id}`, account)
  return found
}

/** What came along with the beginning of a request, once: who asks again wants to know what has changed. */
export function takeBeside(kind: 'Grant' | 'Session' | 'Account', key: string) {
  const unit = currentUnit()
  const found = unit?.beside.get(`${kind} ${key}`)
  if (found) unit?.beside.delete(`${kind} ${key}`)
  return found
}

/** True: it is written with the rest of its request. */
export function collect(artifact: ToStore): boolean {
  const unit = ISSUED.has(artifact.model) ? currentUnit() : undefined
  unit?.store.push(artifact)
  return unit !== undefined
}

/**
 * Uses up a code or a refresh token, with the rest of its request or at once.
 * @param done is called once it is used up
 * @throws InvalidGrant where it is done at once, and it was used before
 */
export async function useUp(
  artifacts: Artifacts,
  consume: NonNullable<UnitOfWork['consume']>,
  done: () => void,
): Promise<void> {
  const unit = currentUnit()
  if (unit !== undefined && unit.consume === undefined) {
    unit.consume = { ...consume, done }
    return
  }
  if (!(await artifacts.consume(consume.model, consume.id, consume.remember))) throw alreadyUsed()
  done()
}

/** Saves a session that was found under this id, and what its request has collected. @returns as `ArtifactStore.saveSession` */
export async function saveWithUnit(
  artifacts: Pick<ArtifactStore, 'commit'>,
  session: NonNullable<UnitOfWork['session']>,
): Promise<boolean> {
  return (await artifacts.commit({ store: currentUnit()?.store.splice(0) ?? [], session })).saved
}

type Names = string | readonly string[] | ReadonlySet<string>

/** Makes one unit of what each request of the token endpoint writes that uses something up. */
export function withUnits(Library: typeof Provider, artifacts: Artifacts): typeof Provider {
  return class extends Library {
    /** The library's constructor calls it for each grant that it knows. */
    override registerGrantType<Params extends object>(
      name: string,
      handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
      params?: Names,
      duplicates?: Names,
    ): void {
      const whole: typeof handler = async (ctx) => {
        const unit = newUnit()
        units.set(ctx, unit)
        const finish = () => commit(artifacts, unit, () => endFirstUse(ctx))
        try {
          await handler(ctx)
        } catch (error) {
          // A request that is refused after its code was accepted has used it up all the same, and gets nothing. One that failed at the server leaves
          // it: the client tries again.
          unit.store.length = 0
          if (isRefusal(error)) await finish()
          throw error
        } finally {
          units.delete(ctx)
        }
        await finish()
      }
      super.registerGrantType(name, CONSUMING.has(name) ? whole : handler, params, duplicates)
    }
  }
}

/** Makes one unit of an authorization response: its code and the session that it is of. */
export function joinAuthorization(provider: Provider, artifacts: Artifacts): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith(routes.authorization)) return next()
    const unit = newUnit()
    units.set(ctx, unit)
    await next()
    units.delete(ctx)
    // A session that was not saved has taken nothing along.
    await commit(artifacts, unit)
  })
}
