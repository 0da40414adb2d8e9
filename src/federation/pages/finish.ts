import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { answerWith } from '../login/finish.ts'
import { nextUrl } from '../login/intent.ts'
import type { UpstreamLogin } from '../login/pending-logins.ts'
import type { FederationPages } from './dependencies.ts'

/** What a provider did not tell about somebody new. */
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
  const { tickets, accounts, http, arrivals } = deps

  async function show(
    reply: FastifyReply,
    ticket: string,
    arrival: UpstreamLogin,
    form: Partial<Form> = {},
    status = 200,
  ) {
    const { email, provider, identity, username, profile, purpose } = arrival
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
        action: `/login/finish/${ticket}`,
        provider: provider.name,
        upstreamName: identity.label ?? undefined,
        email: proven,
        signInHref: purpose.kind === 'page' && purpose.flow !== undefined ? nextUrl(purpose) : '/login',
        values,
        ...form,
      },
      status,
    )
  }

  app.get<{ Params: { ticket: string } }>('/login/finish/:ticket', async (request, reply) => {
    const { ticket } = request.params
    return show(reply, ticket, await tickets.find(request, ticket))
  })

  app.post<{ Params: { ticket: string } }>(
    '/login/finish/:ticket',
    http.limit('register'),
    async (request, reply) => {
      const { ticket } = request.params
      const arrival = await tickets.find(request, ticket)
      const fields = typed.parse(request.body ?? {})
      const email = arrival.email?.verified ? arrival.email.address : fields.email
      try {
        return answerWith(
          reply,
          await arrivals.complete(request, reply, arrival, { ...fields, email }, ticket),
        )
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error
        const errors = error.sentences
        // What the provider vouched for cannot be typed again: the reason stands above the form.
        const alert = arrival.email?.verified ? errors.email : undefined
        if (alert !== undefined) delete errors.email
        return show(reply, ticket, arrival, { errors, alert, values: shownAgain(request.body) }, error.status)
      }
    },
  )
}
