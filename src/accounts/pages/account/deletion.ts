import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { renderPage } from '../../../http/pages/views.ts'
import { addMethods, neededBy } from '../../../shared/acr.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf } from '../../../shared/moment.ts'
import { keepsWith } from '../../deletion/deletion.ts'
import { deletionAfter, GRACE_DAYS, isLeaving } from '../../deletion/leaving.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { type AccountFrame, frameOf, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/delete': {
      account: AccountFrame
      action: string
      /** A day. */
      deletedOn: string
      graceDays: number
      /** What ends with it: “3 devices are signed out”. */
      impact: string[]
    }
    'accounts/account/deleted': { graceDays: number }
    'accounts/account/leaving': {
      username: string
      /** A day. */
      deletedOn: string
      keep: ButtonForm
      signOut: ButtonForm
    }
  }
}

const PATH = '/account/data'
const VERIFY = '/account/deletion/verify'

/**
 * Deleting one's account, and changing one's mind.
 *
 *   /account/data ─► /account/data/delete (what ends with it) ─► /account/data/deleted
 *   /login, inside an interaction, at a provider ─► /account/deletion ─┬─ “Keep my account” ─► sign in
 *                                        │ ▲                           └─ “Sign out”
 *                                        ▼ │
 *                                 /account/deletion/verify (of an account with a second factor)
 */
export async function deletionRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { http, accounts, browser, clock, sessions, verifyForm } = deps

  app.get(`${PATH}/delete`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const { id } = signed.account
    const [devices, apps, ways] = await Promise.all([
      sessions.list(id),
      deps.apps.list(id),
      deps.upstream.signInMethods(id),
    ])
    const impact: readonly [TextKey, number][] = [
      ['deletion.devices', devices.length],
      ['deletion.apps', apps.length],
      ['deletion.linked', ways.linked.length],
      ['deletion.factors', signed.account.secondFactors.length],
    ]
    return renderPage(reply, 'accounts/account/delete', {
      account: frameOf(signed, PATH),
      action: `${PATH}/delete`,
      deletedOn: dayOf(deletionAfter(clock())),
      graceDays: GRACE_DAYS,
      impact: impact.filter(([, number]) => number > 0).map(([key, number]) => t(key, { number })),
    })
  })

  app.post(
    `${PATH}/delete`,
    http.limit('account'),
    signedIn.onSubmit(PATH, async (signed, request, reply) => {
      const again = await signedIn.again(request, signed, t('act.delete'))
      if (again) return again
      await accounts.deletion.request(signed.account.id)
      await browser.endPending(request, reply)
      return `${PATH}/deleted`
    }),
  )

  app.get(`${PATH}/deleted`, (_request, reply) =>
    renderPage(reply, 'accounts/account/deleted', { graceDays: GRACE_DAYS }),
  )

  /** Whose account waits to be deleted, and who has just signed in to it. */
  async function waiting(request: FastifyRequest) {
    const leaving = browser.leaving(request)
    const account = leaving && (await accounts.byId(leaving.accountId))
    return account && isLeaving(account) && account.generation === leaving.generation
      ? { leaving, account }
      : undefined
  }

  app.get('/account/deletion', async (request, reply) => {
    const found = await waiting(request)
    if (!found) return reply.redirect('/login', 303)
    const { leaving, account } = found
    if (!keepsWith(account, leaving.amr)) return reply.redirect(VERIFY, 303)
    return renderPage(reply, 'accounts/account/leaving', {
      username: account.displayUsername,
      deletedOn: dayOf(account.deletionAt),
      keep: { action: '/account/deletion/keep' },
      signOut: { action: '/account/deletion/sign-out' },
    })
  })

  const showVerify = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { account }: NonNullable<Awaited<ReturnType<typeof waiting>>>,
    form: { errors?: Record<string, string>; alert?: string } = {},
    status = 200,
  ) => {
    const page = await verifyForm.page(request, reply, account, neededBy(account), {
      path: VERIFY,
      action: VERIFY,
    })
    // A recovery begins with a sign-in, which this account has none of until it is kept.
    const lostNote = account.secondFactors.length === 0 ? undefined : t('deletion.lost')
    const another = { action: '/account/deletion/sign-out' }
    return renderPage(
      reply,
      'factors/verify',
      { ...page, another, lostHref: undefined, lostNote, rememberDays: undefined, ...form },
      status,
    )
  }

  app.get(VERIFY, async (request, reply) => {
    const found = await waiting(request)
    if (!found) return reply.redirect('/login', 303)
    if (keepsWith(found.account, found.leaving.amr)) return reply.redirect('/account/deletion', 303)
    return showVerify(request, reply, found)
  })

  app.post(VERIFY, http.limit('signIn', null), async (request, reply) => {
    const found = await waiting(request)
    if (!found) return reply.redirect('/login', 303)
    const { account, leaving } = found
    const outcome = await verifyForm.check(request, account)
    if (outcome.kind === 'refused') {
      const { status, kind: _kind, ...form } = outcome
      return showVerify(request, reply, found, form, status)
    }
    const { interaction } = leaving
    const amr = addMethods(leaving.amr, outcome.amr)
    return reply.redirect(browser.askWhetherToKeep(reply, account, { amr, interaction }), 303)
  })

  app.post(`${VERIFY}/send`, http.limit('signIn', null), async (request, reply) => {
    const found = await waiting(request)
    if (!found) return reply.redirect('/login', 303)
    const outcome = await verifyForm.send(request, found.account, VERIFY)
    if (outcome.kind === 'sent') return reply.redirect(outcome.href, 303)
    const { status, kind: _kind, ...form } = outcome
    return showVerify(request, reply, found, form, status)
  })

  app.post('/account/deletion/keep', http.limit('account'), async (request, reply) => {
    const leaving = browser.leaving(request)
    if (!leaving) return reply.redirect('/login', 303)
    const kept = await accounts.deletion.keep(leaving.accountId, leaving)
    if (kept === 'second_factor_needed') return reply.redirect(VERIFY, 303)
    browser.clearLeaving(reply)
    if (kept === 'over') throw new AppError('not_leaving', 410, message('deletion.over'))
    const { interaction } = leaving
    return reply.redirect(interaction === undefined ? '/login?kept=1' : `/interaction/${interaction}`, 303)
  })

  app.post('/account/deletion/sign-out', async (_request, reply) => {
    browser.clearLeaving(reply)
    return reply.redirect('/', 303)
  })
}
