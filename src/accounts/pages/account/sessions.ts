import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { type AccountFrame, frameOf, type SignedIn } from './signed-in.ts'

export interface SessionView extends ButtonForm {
  /** “Firefox on Linux” */
  device: string
  /** “Signed in on 3 Nov 2026, 14:05 UTC from 192.0.2.1 (Paris, France)” */
  detail: string
  /** “Last active 5 Nov 2026, 09:12 UTC from 192.0.2.7”; undefined: it is not known, or it is this one. */
  lastActive?: string | undefined
  current: boolean
}

export interface SessionsPage {
  account: AccountFrame
  sessions: SessionView[]
  /** Undefined: there are no others. */
  signOutOthers?: ButtonForm | undefined
  /** Of this browser too, and of what has no browser: devices, sign-ins by the JSON API. */
  signOutEverywhere: ButtonForm
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/sessions': SessionsPage
  }
}

const PATH = '/account/sessions'

const idForm = z.object({ id: z.string().max(200) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  session: 'devices.out',
  no_session: 'devices.none',
  session_address: 'devices.out.address',
  sessions: 'devices.othersOut',
}

/** `/account/sessions`: where a person is signed in. */
export async function sessionRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { http, accounts, sessions } = deps

  app.get<{ Querystring: { done?: unknown } }>(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const devices = await sessions.list(signed.account.id)
    return renderPage(reply, 'accounts/account/sessions', {
      account: frameOf(signed, PATH, { notice: noticeIn(NOTICES, request.query.done) }),
      sessions: devices.map(({ uid, lastActive, ...device }) => ({
        ...device,
        lastActive: uid === signed.session.uid ? undefined : lastActive,
        current: uid === signed.session.uid,
        action: '/account/sessions/end',
        fields: { id: uid },
      })),
      signOutOthers: devices.length > 1 ? { action: '/account/sessions/end-others' } : undefined,
      signOutEverywhere: { action: '/account/sessions/end-all' },
    })
  })

  app.post(
    '/account/sessions/end',
    http.limit('account'),
    signedIn.onSubmit(PATH, async (signed, request, reply) => {
      const { account, session } = signed
      const { id } = idForm.parse(request.body)
      const own = id === session.uid
      // A person who found a browser open must not sign the owner out of others; signing out of this one is free.
      const again = !own && (await signedIn.again(request, signed, t('act.signOutOne')))
      if (again) return again
      // It may have ended since the page was opened.
      if (!own && !(await sessions.list(account.id)).some(({ uid }) => uid === id))
        return `${PATH}?done=no_session`
      await sessions.end(account.id, id, { own })
      if (own) await deps.browser.endPending(request, reply)
      const dropped = !own && (await accounts.dropAddressChange(account.id))
      return `${PATH}?done=${dropped ? 'session_address' : 'session'}`
    }),
  )

  // The button is the answer already: what an app sends people to asks first (src/oidc/sign-out/pages.ts). It needs no second factor.
  app.post('/account/sign-out', http.limit('account'), async (request, reply) => {
    await sessions.signOut(request, reply)
    return reply.redirect('/logout/success', 303)
  })

  app.post(
    '/account/sessions/end-others',
    http.limit('account'),
    signedIn.onSubmit(PATH, async (signed, request, reply) => {
      const again = await signedIn.again(request, signed, t('act.signOutOthers'))
      if (again) return again
      await sessions.endOthers(request, reply, signed.session)
      return `${PATH}?done=sessions`
    }),
  )

  app.post(
    '/account/sessions/end-all',
    http.limit('account'),
    signedIn.onSubmit(PATH, async (signed, request, reply) => {
      const again = await signedIn.again(request, signed, t('act.signOutEverywhere'))
      if (again) return again
      await accounts.endSessions(signed.account.id)
      await deps.browser.endPending(request, reply)
      return '/login?everywhere=1'
    }),
  )
}
