import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { readForms } from '../../http/forms/forms.ts'
import type { Http } from '../../http/http.ts'
import { t } from '../../shared/locales/texts.ts'
import { byProperty, identifyingFields } from '../../shared/profile/fields.ts'
import { newOwner, type PasswordContext } from '../passwords/policy.ts'
import type { AccountPagesDependencies } from './dependencies.ts'

/** Seconds that a page may have been open. */
const TTL = 86_400
const PURPOSE = 'strength'
/** Judged at once in a process: each is up to some 50 ms of the thread that serves everybody, in pieces that others come between. */
const AT_ONCE = 4

const ofAccount = z.strictObject({ accountId: z.string(), email: z.string().optional() })
const newAccount = z.strictObject({ role: z.string(), email: z.string().optional() })
type OfAccount = z.output<typeof ofAccount>
type NewAccount = z.output<typeof newAccount>

/** Whose new password it is. */
const whose = z.union([ofAccount, newAccount])

/**
 * What a page gives its field of a new password: whose it is, sealed. Without it there is no meter.
 * @param of the account, or the role of one that is to be made; `email`: an address that the account does not have yet
 */
export const strengthOf = ({ sealed }: Pick<Http, 'sealed'>, of: z.input<typeof whose>): string =>
  sealed.seal(PURPOSE, of, TTL)

const text = z.string().max(1024).default('')
const names = Object.fromEntries(identifyingFields.map(({ claim }) => [claim, text]))
const typed = z.object({ ...names, of: text, password: text, username: text, email: text })

/**
 * `POST /password-strength`: what a new password would be answered, for the meter of public/passwords.js while it is being typed. JSON in
 * the language of the page; nothing of it is stored or logged, and no other server is told.
 */
export async function passwordStrengthRoute(
  app: FastifyInstance,
  { http, accounts, issuer }: Pick<AccountPagesDependencies, 'http' | 'accounts' | 'issuer'>,
): Promise<void> {
  /** What is known of a person whose account is still to be made. */
  const contextOf = ({ role, email }: NewAccount, data: z.output<typeof typed>) => {
    const { username, email: address, ...names } = data
    const context = { ...byProperty(names, 'claim', identifyingFields), username, email: email ?? address }
    return { context: context as PasswordContext, owner: newOwner(role) }
  }

  async function contextOfAccount(request: FastifyRequest, { accountId, email }: OfAccount) {
    const account = await accounts.byId(accountId)
    http.language.ofAccount(request, account?.locale)
    return (
      account && {
        context: { ...account, email: email ?? account.email ?? account.pendingEmail },
        owner: account,
      }
    )
  }

  let running = 0
  await readForms(app, { issuer })
  const route = {
    ...http.limit('passwordStrength'),
    config: { forScripts: true, errorFormat: 'problem' as const },
  }
  app.post('/password-strength', route, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { data } = typed.safeParse(request.body ?? {})
    const owner = http.sealed.open(PURPOSE, data?.of, whose)
    // The page is too old, or no page of ours: it goes on without a meter.
    if (data === undefined || owner === undefined || data.password === '') return reply.code(204).send()
    const judged = 'role' in owner ? contextOf(owner, data) : await contextOfAccount(request, owner)
    if (judged === undefined) return reply.code(204).send()
    // The next key asks again.
    if (running >= AT_ONCE) return reply.code(204).send()
    running++
    try {
      const { level, weakness } = await accounts.ratePassword(data.password, judged.context, judged.owner)
      const words = weakness ?? t(level === 4 ? 'newPassword.strong' : 'newPassword.fine')
      return { level, words }
    } finally {
      running--
    }
  })
}
