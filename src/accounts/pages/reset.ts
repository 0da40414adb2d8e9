import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { parseForm } from '../../http/forms/forms.ts'
import type { Form, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { emailAddress } from '../email/address.ts'
import { appOn } from './app-of.ts'
import { onwards, withInteraction } from './browser-state.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { strengthOf } from './password-strength.ts'
import { startProven } from './proven-sign-in.ts'

interface OnTheWay {
  /** Where the person is on the way to. */
  client?: ShownClient | undefined
}

export interface ResetPasswordPage extends Form, OnTheWay {
  token: string
  /** For password managers, which file the new password under it. */
  username?: string | undefined
  passwordMinLength: number
  /** As of `strengthOf`; undefined: no meter. */
  strength?: string | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/forgot-password': Form & OnTheWay & { signInHref: string }
    /** `name`: an address, or another name to sign in by. */
    'accounts/forgot-sent': OnTheWay & { name: string; signInHref: string; retryHref: string }
    'accounts/reset-password': ResetPasswordPage
    'accounts/reset-done': { next: Link }
    'accounts/reset-expired': { retryHref: string; signInHref: string }
  }
}

/** What has an @ is an address: one with a mistake in it is told so at once, for any account alike. */
const forgotForm = z.object({
  email: z
    .string(saying('signIn.identifier.enter'))
    .trim()
    .min(1, saying('signIn.identifier.enter'))
    .max(320, saying('signIn.identifier.tooLong'))
    .transform((typed, context) => {
      const address = typed.includes('@') ? emailAddress.safeParse(typed) : undefined
      for (const { message } of address?.error?.issues ?? []) context.addIssue({ code: 'custom', message })
      return address?.data ?? typed
    }),
})
const resetForm = z.object({
  token: z.string().max(200).default(''),
  password: z.string().max(1024).default(''),
})

/** `/forgot-password` and `/reset-password`. After a reset the browser is signed in and goes on to the app. */
export async function resetRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, browser } = deps
  const signIn = (interaction: string | undefined) =>
    interaction === undefined ? '/login' : `/interaction/${interaction}`

  const showForgot = async (
    reply: FastifyReply,
    interaction: string | undefined,
    form: Partial<Form> = {},
    status = 200,
  ) =>
    renderPage(
      reply,
      'accounts/forgot-password',
      {
        action: withInteraction('/forgot-password', interaction),
        client: await appOn(deps, interaction),
        signInHref: signIn(interaction),
        ...form,
      },
      status,
    )

  app.get('/forgot-password', (request, reply) => showForgot(reply, browser.interaction(request)))

  app.post('/forgot-password', http.limit('mail', 'email'), async (request, reply) => {
    const interaction = browser.interaction(request)
    const form = parseForm(forgotForm, request.body)
    if (!form.ok) return showForgot(reply, interaction, form, 422)
    const client = await appOn(deps, interaction)
    await accounts.forgot(form.value.email, {
      address: request.ip,
      interaction,
      devices: http.devices.of(request),
    })
    browser.rememberInteraction(reply, interaction)
    return renderPage(reply, 'accounts/forgot-sent', {
      client,
      name: form.value.email,
      signInHref: signIn(interaction),
      retryHref: withInteraction('/forgot-password', interaction),
    })
  })

  const showReset = async (
    reply: FastifyReply,
    interaction: string | undefined,
    {
      token,
      username,
      passwordMinLength,
      errors,
      accountId,
    }: Omit<ResetPasswordPage, 'action' | 'client' | 'strength'> & { accountId: string },
    status = 200,
  ) =>
    renderPage(
      reply,
      'accounts/reset-password',
      {
        action: withInteraction(`/reset-password?token=${encodeURIComponent(token)}`, interaction),
        client: await appOn(deps, interaction),
        ...{ token, username, passwordMinLength, errors },
        strength: strengthOf(http, { accountId }),
      },
      status,
    )
  const showExpired = (reply: FastifyReply) =>
    renderPage(reply, 'accounts/reset-expired', { retryHref: '/forgot-password', signInHref: '/login' }, 410)

  app.get<{ Querystring: { token?: unknown } }>(
    '/reset-password',
    http.limit('oneTimeToken'),
    async (request, reply) => {
      const token = z.string().max(200).safeParse(request.query.token).data ?? ''
      const found = await accounts.peekReset(token)
      if (found) await giveBack(request)
      return found ? showReset(reply, browser.interaction(request), { token, ...found }) : showExpired(reply)
    },
  )

  app.post('/reset-password', http.limit('oneTimeToken'), async (request, reply) => {
    const interaction = browser.interaction(request)
    const { token, password } = resetForm.parse(request.body ?? {})
    try {
      const done = await accounts.reset(token, password)
      if (!done) return showExpired(reply)
      await giveBack(request)
      const { leaving, ...signIn } = done
      // On another device than the one that asked, there is no interaction to go back to.
      const own = browser.ownInteraction(request)
      browser.rememberInteraction(reply, undefined)
      if (leaving) {
        const { accountId: id, generation } = signIn
        const shown = { amr: ['pwd'], interaction: own }
        return reply.redirect(browser.askWhetherToKeep(reply, { id, generation }, shown), 303)
      }
      if (!(await startProven(deps, request, reply, { ...signIn, amr: ['pwd'] }))) return showExpired(reply)
      if (own !== undefined) return reply.redirect(onwards(own), 303)
      return renderPage(reply, 'accounts/reset-done', {
        next: { href: '/account', label: t('common.goToAccount') },
      })
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      const found = await accounts.peekReset(token)
      if (!found) return showExpired(reply)
      return showReset(reply, interaction, { token, ...found, errors: error.sentences }, 422)
    }
  })
}
