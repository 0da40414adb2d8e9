import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountFrame, Signed } from '../../accounts/pages/account/signed-in.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Passkey } from '../passkeys/passkeys.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'
import { mailboxPath } from './mailbox-proof.ts'
import type { PasskeyOffers } from './passkey-offers.ts'
import { addForm, NEW_PASSKEY, PASSKEYS } from './passkeys-section.ts'
import { newCodesPage } from './recovery-codes-page.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    /** Adding a passkey; with `skip`, offered after a sign-in, and the person may go on without. */
    'factors/passkey-new': {
      account?: AccountFrame | undefined
      add: PasskeyForm
      alert?: string | undefined
      skip?: ButtonForm | undefined
    }
    'factors/passkey-rename': Form & { account: AccountFrame; name: string }
  }
}

export interface PasskeyPagesDependencies extends FactorPagesDependencies {
  offers: PasskeyOffers
  /** A browser in words: “Firefox on Linux”. */
  describeDevice(userAgent: string): string
}

const credentialForm = z.object({
  credential: z.string().max(16_000).default(''),
  return_to: z.string().max(2048).optional(),
})
const nameForm = z.object({ name: z.string().max(1024).default('') })

const PROBLEMS = {
  wrong: 'passkeys.problem.wrong',
  spent: 'passkeys.problem.spent',
  taken: 'passkeys.problem.taken',
} as const

interface One {
  Params: { id: string }
}

/**
 * The passkeys of a person, which are listed on `/account/security`. Each act needs a fresh sign-in; adding one, before the browser makes it.
 *
 *   GET  /account/security/passkeys/new     adding one
 *   GET  /account/security/passkeys/offer   the same, offered once after a sign-in, with a way on
 *   POST /account/security/passkeys         adds one
 *   GET, POST /account/security/passkeys/:id/rename
 *
 * One is removed as every second factor is (remove.ts).
 */
export async function passkeyRoutes(app: FastifyInstance, deps: PasskeyPagesDependencies): Promise<void> {
  const { http, signedIn, frame } = deps
  const { passkeys } = deps.factors
  /** The page that comes before a passkey is made: a fresh sign-in, and the mailbox where the account had a factor. Undefined: none. */
  const before = (request: FastifyRequest, signed: Signed): string | undefined => {
    if (!isFresh(deps.clock, signed.session.freshAt))
      return `/login?again=1&return_to=${encodeURIComponent(NEW_PASSKEY)}`
    return deps.mailboxProof.lacks(request, signed) ? mailboxPath(NEW_PASSKEY) : undefined
  }

  async function showNew(
    reply: FastifyReply,
    signed: Signed,
    { returnTo, alert }: { returnTo?: string | undefined; alert?: string } = {},
    status = 200,
  ) {
    const add = await addForm(passkeys, signed)
    if (add === undefined) return reply.redirect(SECURITY, 303)
    const fields = returnTo === undefined ? {} : { return_to: returnTo }
    const page = { add: { ...add, fields }, alert }
    return renderPage(
      reply,
      'factors/passkey-new',
      returnTo === undefined
        ? { account: frame(signed), ...page }
        : { skip: { action: `${PASSKEYS}/skip`, fields }, ...page },
      status,
    )
  }

  app.get(NEW_PASSKEY, async (request, reply) => {
    const signed = await signedIn.enrolling(request, reply, SECURITY)
    if (!signed) return reply
    const first = before(request, signed)
    return first === undefined ? showNew(reply, signed) : reply.redirect(first, 303)
  })

  app.get<{ Querystring: { return_to?: unknown } }>(`${PASSKEYS}/offer`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const returnTo = safeReturnTo(deps.issuer, request.query.return_to)
    const { id, secondFactors } = signed.account
    const first = await deps.offers.take(reply, id)
    return first && before(request, signed) === undefined && secondFactors.length === 0
      ? showNew(reply, signed, { returnTo })
      : reply.redirect(returnTo, 303)
  })

  app.post(`${PASSKEYS}/skip`, async (request, reply) =>
    reply.redirect(safeReturnTo(deps.issuer, credentialForm.parse(request.body ?? {}).return_to), 303),
  )

  app.post(
    PASSKEYS,
    { ...http.limit('account'), config: { formPage: NEW_PASSKEY } },
    async (request, reply) => {
      const signed = await signedIn.enrolling(request, reply, SECURITY)
      if (!signed) return reply
      const { credential, return_to } = credentialForm.parse(request.body ?? {})
      const first = before(request, signed)
      if (first !== undefined) return reply.redirect(first, 303)
      // The button of a page whose sign-in was not fresh then.
      if (credential === '') return reply.redirect(NEW_PASSKEY, 303)
      const { session, account } = signed
      const outcome = await passkeys.register(
        session,
        credential,
        session.uid,
        deps.describeDevice(request.headers['user-agent'] ?? ''),
      )
      const problem = (key: TextKey) => showNew(reply, signed, { returnTo: return_to, alert: t(key) }, 422)
      if (outcome.kind === 'taken') return problem(PROBLEMS.taken)
      if (outcome.kind === 'no_account') return reply.redirect('/login', 303)
      if (outcome.kind === 'wrong')
        return problem(outcome.reason === 'spent' ? PROBLEMS.spent : PROBLEMS.wrong)
      const { amr, recoveryCodes } = outcome
      await deps.verified(request, reply, { accountId: account.id, uid: session.uid, amr })
      const next = return_to === undefined ? `${SECURITY}?done=passkey` : safeReturnTo(deps.issuer, return_to)
      if (recoveryCodes === undefined) return reply.redirect(next, 303)
      const of = { username: account.displayUsername, service: deps.issuer.host, at: deps.clock() }
      return renderPage(reply, 'factors/recovery-codes', {
        account: frame(signed, { notice: t('passkeys.done', { name: outcome.passkey.name }) }),
        ...newCodesPage(recoveryCodes, of, next),
      })
    },
  )

  /** One passkey of the person who is signed in; else an answer is given. */
  async function one(request: FastifyRequest<One>, reply: FastifyReply) {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return undefined
    const own = await passkeys.list(signed.account.id)
    const passkey = own.find(({ id }) => id === request.params.id)
    if (passkey) return { signed, passkey }
    reply.redirect(SECURITY, 303)
    return undefined
  }

  const showRename = (
    reply: FastifyReply,
    { signed, passkey }: { signed: Signed; passkey: Passkey },
    form: Partial<Form> = {},
    status = 200,
  ) => {
    const { name } = passkey
    const page = {
      account: frame(signed),
      action: `${PASSKEYS}/${passkey.id}/rename`,
      name,
      values: { name },
    }
    return renderPage(reply, 'factors/passkey-rename', { ...page, ...form }, status)
  }

  app.get<One>(`${PASSKEYS}/:id/rename`, async (request, reply) => {
    const found = await one(request, reply)
    return found ? showRename(reply, found) : reply
  })

  app.post<One>(`${PASSKEYS}/:id/rename`, http.limit('account'), async (request, reply) => {
    const found = await one(request, reply)
    if (!found) return reply
    const { signed, passkey } = found
    const interrupted = await signedIn.again(request, signed, t('act.passkeyRename', { name: passkey.name }))
    if (interrupted) return reply.redirect(interrupted, 303)
    const { name } = nameForm.parse(request.body ?? {})
    try {
      await passkeys.rename(signed.account.id, passkey.id, name)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      return showRename(reply, found, { errors: error.sentences, values: { name } }, error.status)
    }
    return reply.redirect(`${SECURITY}?done=passkey_renamed`, 303)
  })
}
