import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form, ProviderButton, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { FormField } from '../../shared/profile/fields.ts'
import { byProperty, edgeNames, formFields, identifyingFields } from '../../shared/profile/fields.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { newOwner } from '../passwords/policy.ts'
import { appOn } from './app-of.ts'
import { withInteraction } from './browser-state.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { strengthOf } from './password-strength.ts'

export interface RegisterPage extends Form {
  /** Fields for the person's names. */
  names: readonly FormField[]
  client?: ShownClient | undefined
  providers: ProviderButton[]
  signInHref: string
  passwordMinLength: number
  /** As of `strengthOf`; undefined: no meter. */
  strength?: string | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/register': RegisterPage
  }
}

const text = z.string().default('')
const typed = z.object({
  ...Object.fromEntries(identifyingFields.map(({ claim }) => [claim, text])),
  username: text,
  email: text,
  password: text,
})

/** Field names of the service, as the form calls them. */
const FORM_NAMES: Readonly<Record<string, string>> = {
  ...edgeNames('claim'),
  currentPassword: 'current_password',
  newPassword: 'new_password',
}

export const formErrors = (error: ValidationError): Record<string, string> =>
  error.rename(FORM_NAMES).sentences

/**
 * `/register`. Whether the address is known shows neither in the answer nor in its cost: the account is made either
 * way, and the message that is sent tells the owner of the address which it is (ASVS 6.3.8).
 */
export async function registerRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, browser } = deps

  const show = async (
    reply: FastifyReply,
    interaction: string | undefined,
    form: Partial<RegisterPage> = {},
    status = 200,
  ) =>
    renderPage(
      reply,
      'accounts/register',
      {
        action: withInteraction('/register', interaction),
        client: await appOn(deps, interaction),
        providers: await deps.upstream.buttons({ interaction }),
        signInHref: interaction === undefined ? '/login' : `/interaction/${interaction}`,
        passwordMinLength: deps.accounts.passwordMinLength(newOwner('user')),
        strength: strengthOf(http, { role: 'user' }),
        names: formFields(identifyingFields, { own: true }),
        ...form,
      },
      status,
    )

  app.get('/register', (request, reply) => {
    if (deps.registration === 'closed')
      throw new AppError('registration_closed', 403, message('register.closed'))
    return show(reply, browser.interaction(request))
  })

  app.post('/register', http.limit('register'), async (request, reply) => {
    const interaction = browser.interaction(request)
    const { username, email, password, ...names } = typed.parse(request.body ?? {})
    // What is sent wears the brand of the app.
    await appOn(deps, interaction)
    try {
      const made = await accounts.register(
        { username, email, password, ...byProperty(names, 'claim', identifyingFields) },
        { address: request.ip },
      )
      await deps.resendCountdowns.begin(made.accountId, 'verification')
      browser.setPending(reply, { ...made, email: email.trim(), ...(interaction && { interaction }) })
      return reply.redirect(withInteraction('/verify-email', interaction), 303)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      const form = { errors: formErrors(error), values: shownAgain(request.body) }
      return show(reply, interaction, form, error.status)
    }
  })
}
