import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountFrame, Signed } from '../../accounts/pages/account/signed-in.ts'
import { noticeIn } from '../../http/forms/notice.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../shared/moment.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'

export interface AppPasswordsPage {
  account: AccountFrame
  /** Just made: shown once. */
  made?: { name: string; password: string } | undefined
  items: { name: string; detail: string; removeHref: string }[]
  /** Undefined: without a second factor programs use the password. */
  create?: Form | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/app-passwords': AppPasswordsPage
    'factors/app-password-remove': { account: AccountFrame; name: string; form: Form; keepHref: string }
  }
}

const PATH = `${SECURITY}/app-passwords`

const nameForm = z.object({ name: z.string().max(1024).default('') })
const params = z.object({ id: z.string().max(64) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  removed: 'appPasswords.removed',
}

/** App passwords of an account: made, shown once, removed. */
export async function appPasswordPages(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { factors, http, signedIn } = deps
  const { appPasswords } = factors

  async function show(
    reply: FastifyReply,
    signed: Signed,
    shown: { notice?: string | undefined; form?: Partial<Form>; made?: AppPasswordsPage['made'] },
    status = 200,
  ) {
    const { account } = signed
    const items = await appPasswords.list(account.id)
    const page: AppPasswordsPage = {
      account: deps.frame(signed, { notice: shown.notice }),
      made: shown.made,
      items: items.map(({ id, name, createdAt, lastUsedAt }) => ({
        name,
        detail:
          lastUsedAt === null
            ? t('appPasswords.unused', { day: dayOf(createdAt) })
            : t('appPasswords.used', { day: dayOf(createdAt), time: minuteOf(lastUsedAt) }),
        removeHref: `${PATH}/${id}/remove`,
      })),
      create: account.secondFactors.length > 0 ? { action: PATH, ...shown.form } : undefined,
    }
    return renderPage(reply, 'factors/app-passwords', page, status)
  }

  app.get<{ Querystring: { done?: unknown } }>(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    return signed ? show(reply, signed, { notice: noticeIn(NOTICES, request.query.done) }) : reply
  })

  app.post(PATH, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const { name } = nameForm.parse(request.body ?? {})
    const again = await signedIn.again(request, signed, t('act.appPassword', { name: name.slice(0, 64) }))
    if (again) return reply.redirect(again, 303)
    try {
      const { password } = await appPasswords.create(signed.session, name)
      return await show(reply, signed, { made: { name: name.trim(), password } })
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      return show(reply, signed, { form: { errors: error.sentences, values: { name } } }, 422)
    }
  })

  /** The app password of a request: the person who is signed in has it. */
  async function named(request: FastifyRequest, signed: Signed) {
    const { id } = params.parse(request.params)
    return (await appPasswords.list(signed.account.id)).find((each) => each.id === id)
  }

  app.get(`${PATH}/:id/remove`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const found = await named(request, signed)
    if (!found) return reply.redirect(PATH, 303)
    return renderPage(reply, 'factors/app-password-remove', {
      account: deps.frame(signed),
      name: found.name,
      form: { action: `${PATH}/${found.id}/remove` },
      keepHref: PATH,
    })
  })

  app.post(`${PATH}/:id/remove`, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const found = await named(request, signed)
    if (!found) return reply.redirect(PATH, 303)
    const again = await signedIn.again(request, signed, t('act.appPasswordRemove', { name: found.name }))
    if (again) return reply.redirect(again, 303)
    await appPasswords.remove(signed.session, found.id)
    return reply.redirect(`${PATH}?done=removed`, 303)
  })
}
