import { hash } from 'node:crypto'
import type { AdapterPayload, KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import { acrOf } from '../../shared/acr.ts'
import type { ArtifactPayload, ArtifactStore } from '../../storage/artifacts/store.ts'
import { currentContext } from '../provider/context.ts'
import { saveWithUnit } from '../provider/unit-of-work.ts'

/*
 * Requests of one browser that run at the same time share its session: five tabs that authorize while another signs in
 * or out. The library reads and saves a session as a whole. Here only what a request changed is saved
 * (ArtifactStore.saveSession), and the response to a request that another one has overtaken changes no cookie:
 *
 *   the other signed out          nothing is saved, and no cookie is sent
 *   the other signed in again     the changes are saved, and no cookie is sent: it would put back the old session id
 *   the cookie's session is gone  a cookie is sent only for a new session worth one: it could replace that of another response
 *   none of these                 the browser has this session id, and is not sent it again, which could replace a newer one;
 *                                 but for once in a while, so that the cookie lives as long as the session
 */

/** How a session was read: a property of the library's session object while a request has it, never stored in the database. */
interface AsFound {
  id: string
  /** JSON: the library changes nested objects in place. */
  text: string
  /** False: the browser must not be given this id. */
  current: boolean
  /** Whether the browser needs the cookie (again): it has a new id, or its expiry has moved on. */
  news: boolean
}

/** How often a browser in steady use is sent its cookie again in the lifetime of a session. */
const COOKIES_A_LIFETIME = 100

/** The property of a session that holds an AsFound; it has to be declared as stored, so that it comes along. */
const AS_FOUND = 'asFound'
type Held = { [AS_FOUND]?: AsFound | undefined }
const heldBy = (holder: object): AsFound | undefined => (holder as Held)[AS_FOUND]

/** A session for the library, which remembers how it was found. */
export function asFound(id: string, stored: AdapterPayload): AdapterPayload {
  // A session that an older version stored has no `acr`.
  const payload = { acr: acrOf(stored.amr as string[] | undefined), ...stored }
  return {
    ...payload,
    [AS_FOUND]: { id, text: JSON.stringify(payload), current: true, news: false } satisfies AsFound,
  }
}

/** Saves what the library hands over: of a session that was found before, only the changes. */
export async function saveSession(
  artifacts: Pick<ArtifactStore, 'commit' | 'saveSession' | 'upsert'>,
  id: string,
  handedOver: AdapterPayload,
  ttl = 0,
): Promise<void> {
  const { [AS_FOUND]: found, ...payload } = handedOver as ArtifactPayload & Held
  if (found === undefined) return artifacts.upsert('Session', id, payload, ttl)
  const asRead = { id: found.id, payload: JSON.parse(found.text) }
  found.current =
    id === found.id
      ? await saveWithUnit(artifacts, { id, payload, ttl, asRead })
      : await artifacts.saveSession(id, payload, ttl, asRead)
  const period = ttl / COOKIES_A_LIFETIME
  const periodOf = ({ exp }: ArtifactPayload) => Math.floor(Number(exp) / period)
  found.news ||= id !== found.id || periodOf(payload) !== periodOf(asRead.payload)
  if (found.current) Object.assign(found, { id, text: JSON.stringify(payload) })
}

/** False: since it was read, the session has ended or another response has given the browser a newer id of it. */
export const isCurrent = (session: Session): boolean => heldBy(session)?.current ?? true

/** Whether the browser is sent the cookie of a session that was found, once that is saved. */
export function needsCookie(session: Session): boolean {
  const found = heldBy(session)
  return found === undefined || (found.current && found.news)
}

/** Makes the library's sessions ones that several requests can have in hand at once. */
export function mergeSessions(provider: Provider, artifacts: Pick<ArtifactStore, 'endSession'>): void {
  const { Session } = provider
  const stored: readonly string[] = Reflect.get(Session, 'IN_PAYLOAD')
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => [...stored, AS_FOUND] })
  const { prototype } = Session
  const { save, resetIdentifier } = prototype

  prototype.save = async function (ttl) {
    const value = await save.call(this, ttl)
    if (!needsCookie(this)) withdrawCookie(provider.cookieName('session'))
    return value
  }

  prototype.resetIdentifier = function () {
    if (isResumedWithoutSignIn(currentContext())) return
    resetIdentifier.call(this)
    // The row moves with the id (ArtifactStore.saveSession); to destroy the old one would end the session.
    Object.assign(this, { oldId: undefined })
  }

  // By its uid: another request may have given it another id.
  prototype.destroy = async function () {
    await artifacts.endSession(this.uid)
    provider.emit('session.destroyed', this)
    Object.assign(this, { destroyed: true })
  }

  // Tabs that authorize one app at once, for the first time, must name the session alike to it: signing out tells one.
  prototype.ensureClientContainer = function (clientId) {
    if (this.sidFor(clientId)) return
    const id = heldBy(this)?.id ?? this.jti
    this.sidFor(clientId, hash('sha256', `sid\0${id}\0${clientId}`, 'base64url'))
  }

  const get = Session.get.bind(Session)
  Session.get = async (ctx) => {
    const session = await get(ctx)
    if (heldBy(session) === undefined) Object.defineProperty(session, 'new', { value: true })
    return session
  }
}

/**
 * The token by which the form of the sign-out page is known to be ours: the same on every such page of a session, so that each of
 * several tabs works. A client cannot compute it: none learns a session's uid.
 */
export const signOutSecret = (session: Session): string =>
  hash('sha256', `sign-out\0${session.uid}`, 'base64url')

/**
 * The library changes the session's id after every page of an interaction; only a sign-in calls for it (ASVS 7.2.4), because other
 * tabs still send the old one. The result also carries what was submitted on earlier pages of the interaction.
 */
function isResumedWithoutSignIn(ctx: KoaContextWithOIDC | undefined): boolean {
  if (ctx?.oidc?.route !== 'resume' && ctx?.oidc?.route !== 'device_resume') return false
  const { result, entities } = ctx.oidc
  return JSON.stringify(result?.login) === JSON.stringify(entities.Interaction?.lastSubmission?.login)
}

function withdrawCookie(name: string): void {
  const response = currentContext()?.response
  if (!response) return
  const lines = [response.get('set-cookie')].flat().filter(Boolean)
  const kept = lines.filter((line) => !line.startsWith(`${name}=`) && !line.startsWith(`${name}.sig=`))
  if (kept.length > 0) response.set('set-cookie', kept)
  else response.remove('set-cookie')
}
