import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { AccountFrame } from '../../accounts/pages/account/signed-in.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { t } from '../../shared/locales/texts.ts'
import { requirementOf } from '../../shared/second-factor-rule.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'

export interface RemoveFactorPage {
  account: AccountFrame
  /** “the authenticator app” */
  what: string
  /** It is the last one: the account is signed in to by its password alone then. */
  last: boolean
  /** They administer, and the console asks for a second factor that they have no more then. */
  closesConsole?: boolean | undefined
  form: Form
  keepHref: string
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/remove': RemoveFactorPage
  }
}

const params = z.object({ id: z.string().max(64) })

/** Taking a second factor away, after a page that says what that means. */
export async function removeFactorRoutes(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { factors, http, signedIn } = deps
  const path = `${SECURITY}/factors/:id/remove`

  const find = async (accountId: string, id: string) => {
    const { factors: all } = await factors.list(accountId)
    const found = all.find((factor) => factor.id === id)
    const strong = all.some((other) => other.id !== id && other.kind !== 'phone')
    return found && { ...found, last: all.length === 1, strong }
  }

  app.get(path, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const { id } = params.parse(request.params)
    const found = await find(signed.account.id, id)
    if (!found) return reply.redirect(SECURITY, 303)
    return renderPage(reply, 'factors/remove', {
      account: deps.frame(signed),
      what: t(`removeFactor.${found.kind}`, { name: ('name' in found && found.name) || '' }),
      last: found.last,
      closesConsole:
        signed.account.role !== 'user' &&
        !found.strong &&
        requirementOf(deps.secondFactor(), signed.account) !== undefined,
      form: { action: `${SECURITY}/factors/${id}/remove` },
      keepHref: SECURITY,
    })
  })

  app.post(path, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const { id } = params.parse(request.params)
    const found = await find(signed.account.id, id)
    if (!found) return reply.redirect(SECURITY, 303)
    const again = await signedIn.again(
      request,
      signed,
      t(`act.remove.${found.kind}`, { name: ('name' in found && found.name) || '' }),
    )
    if (again) return reply.redirect(again, 303)
    await factors.remove(signed.session, id)
    return reply.redirect(`${SECURITY}?done=factor_removed`, 303)
  })
}
