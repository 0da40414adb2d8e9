import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { FederationPages } from '../dependencies.ts'
import { answerWith } from '../login/finish.ts'
import { nextUrl } from '../login/intent.ts'
import type { UpstreamLogin } from '../login/upstream-login.ts'

/** What a provider did not tell about a new person. */
export interface FinishPage extends Form {
  provider: string
  /** What the provider calls them. */
  upstreamName?: string | undefined
  /** The address that the provider vouches for; undefined: it has to be typed and verified. */
  email?: string | undefined
  signInHref: string
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'federation/finish': FinishPage
  }
}

const text = z.string().max(400).default('')
const typed = z.object({ username: text, email: text })

/** `/login/finish/:ticket`: the little that a provider did not tell, for a new account. */
export async function finishRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  const { pendingLogins, accounts, http, upstreamLogins } = deps

  async function show(
    reply: FastifyReply,
    pendingId: string,
    login: UpstreamLogin,
    form: Partial<Form> = {},
    status = 200,
  ) {
    const { email, provider, identity, username, profile, intent } = login
    const hints = [username, email?.address.split('@')[0], profile.givenName].flatMap((hint) => hint ?? [])
    const proven = email?.verified ? email.address : undefined
    const values = {
      username: await accounts.linked.suggestUsername(hints, proven),
      email: email?.address ?? '',
    }
    return renderPage(
      reply,
      'federation/finish',
      {
        action: `/login/finish/${pendingId}`,
        provider: provider.name,
        upstreamName: identity.label ?? undefined,
        email: proven,
        signInHref: intent.kind === 'page' && intent.interaction !== undefined ? nextUrl(intent) : '/login',
        values,
        ...form,
      },
      status,
    )
  }

  app.get<{ Params: { ticket: string } }>('/login/finish/:ticket', async (request, reply) => {
    const { ticket: pendingId } = request.params
    return show(reply, pendingId, await pendingLogins.find(request, pendingId))
  })

  app.post<{ Params: { ticket: string } }>(
    '/login/finish/:ticket',
    http.limit('register'),
    async (request, reply) => {
      const { ticket: pendingId } = request.params
      const login = await pendingLogins.find(request, pendingId)
      const fields = typed.parse(request.body ?? {})
      const email = login.email?.verified ? login.email.address : fields.email
      try {
        return answerWith(
          reply,
          await upstreamLogins.complete(request, reply, login, { ...fields, email }, pendingId),
        )
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error
        const errors = error.sentences
        // What the provider vouched for cannot be typed again: the reason stands above the form.
        const alert = login.email?.verified ? errors.email : undefined
        if (alert !== undefined) delete errors.email
        return show(
          reply,
          pendingId,
          login,
          { errors, alert, values: shownAgain(request.body) },
          error.status,
        )
      }
    },
  )
}
