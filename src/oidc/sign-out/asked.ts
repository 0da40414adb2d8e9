import type { Client, KoaContextWithOIDC, Session } from 'oidc-provider'
import { z } from 'zod'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'

/** The hidden field of the sign-out form that says what the page was about. */
export const ASKED_FIELD = 'asked'
/** Seconds. The session that the form is bound to ends sooner. */
const AS_LONG_AS_THE_SESSION = 400 * 86_400
/** Seconds that the page after it can be loaded again. */
const SHOWN = 3600

const FORM = 'sign-out form'
const PAGE = 'sign-out page'

const text = z.string().optional().catch(undefined)
const asked = z.object({ client_id: text, post_logout_redirect_uri: text, state: text })
/** What an app sent people to `/logout` with (RP-Initiated Logout §2). The address was registered for it then. */
export type Asked = z.infer<typeof asked>

const form = z.object({ uid: z.string(), asked })
const page = z.object({ client_id: z.string(), asked, stayed: z.string().optional() })

/** What the page after the question may say, because it happened. `stayed`: the session that the person kept. */
export type Shown = z.infer<typeof page>

export interface AskedSignOut {
  /** For the form of a sign-out page of this session. */
  toForm(session: Session, about: Asked): string
  /** What the page was about whose form was sent; undefined: it is no form of this session. */
  ofForm(session: Session, sealed: unknown): Asked | undefined
  /** The address of the page that says what came of it: without a client it says no more than whether one is signed in. */
  pageOf(ctx: KoaContextWithOIDC, client: Client | undefined, about: Asked, stayed?: Session): string
  ofPage(ctx: KoaContextWithOIDC): Shown | undefined
}

/**
 * What the pages around a sign-out know of the client that asked for it. Each page carries that along, sealed: a session has several
 * such pages in several tabs, and an attacker can send a browser to `/logout` with the `client_id` of their own client.
 */
export function createAskedSignOut(sealed: Pick<SealedCookies, 'seal' | 'open'>): AskedSignOut {
  const open = <T>(purpose: string, value: unknown, schema: z.ZodType<T>) =>
    typeof value === 'string' ? sealed.open(purpose, value, schema) : undefined
  return {
    toForm: ({ uid }, about) => sealed.seal(FORM, { uid, asked: about }, AS_LONG_AS_THE_SESSION),
    ofForm(session, value) {
      const found = open(FORM, value, form)
      return found?.uid === session.uid ? found.asked : undefined
    },
    pageOf({ oidc }, client, about, stayed) {
      const address = oidc.urlFor('end_session_success')
      if (client === undefined) return address
      const shown: Shown = { client_id: client.clientId, asked: about, ...(stayed && { stayed: stayed.uid }) }
      return `${address}?of=${sealed.seal(PAGE, shown, SHOWN)}`
    },
    ofPage: (ctx) => open(PAGE, ctx.query.of, page),
  }
}

/** What the request in hand asks for; its checks are behind it. */
export const askedBy = ({ oidc }: KoaContextWithOIDC): Asked =>
  oidc.client === undefined ? {} : { ...asked.parse(oidc.params ?? {}), client_id: oidc.client.clientId }
