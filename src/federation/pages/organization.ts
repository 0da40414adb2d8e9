import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import { t } from '../../shared/locales/texts.ts'
import type { FederationPages } from '../dependencies.ts'
import { interactionUid } from '../login/intent.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    /** A person enters the address that their organization signs in by. */
    'federation/organization': Form & { fields: Record<string, string>; backHref: string }
  }
}

const PATH = '/login/organization'

const where = z.object({
  flow: interactionUid.optional().catch(undefined),
  return_to: z.string().max(2000).optional().catch(undefined),
})
const typed = where.extend({ email: z.string().max(400).catch('') })

/** `/login/organization`: an address leads to the provider of the organization that has verified its domain. */
export async function organizationRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  const { flow, http, issuer, organizations } = deps

  function show(request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) {
    const { flow: interaction, return_to } = where.parse(request.body ?? request.query ?? {})
    const returnTo = return_to === undefined ? undefined : safeReturnTo(issuer, return_to)
    const back = returnTo === undefined ? '/login' : `/login?return_to=${encodeURIComponent(returnTo)}`
    return renderPage(
      reply,
      'federation/organization',
      {
        action: PATH,
        fields: {
          ...(interaction !== undefined && { flow: interaction }),
          ...(returnTo !== undefined && { return_to: returnTo }),
        },
        backHref: interaction === undefined ? back : `/interaction/${interaction}`,
        ...form,
      },
      status,
    )
  }

  app.get(PATH, async (request, reply) => show(request, reply))

  app.post(PATH, http.limit('federation'), async (request, reply) => {
    const { email, flow: interaction, return_to } = typed.parse(request.body ?? {})
    const provider = await organizations.providerOf(email)
    if (provider === undefined) {
      const errors = { email: t('atProvider.find.none') }
      return show(request, reply, { errors, values: shownAgain(request.body) }, 422)
    }
    const returnTo = return_to === undefined ? undefined : safeReturnTo(issuer, return_to)
    const { location } = await flow.start(request, reply, provider, {
      intent: { kind: 'page', interaction, returnTo },
    })
    return reply.redirect(location, 303)
  })
}
