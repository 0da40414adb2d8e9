import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { accountShown, type ConsentPage } from './consent.ts'
import type { InteractionDependencies, InteractionRequest, InteractionRoute } from './dependencies.ts'
import { contactOf } from './no-access.ts'
import type { Endings } from './over.ts'

type Shown = Pick<ConsentPage, 'client' | 'account' | 'switchAccount'>

declare module '../http/pages/pages.ts' {
  interface Pages {
    /** A person of several organizations says for which they sign in. */
    'interaction/choose-organization': Shown & {
      /** Takes `organization`. */
      action: string
      organizations: readonly { id: string; name: string; slug: string }[]
      cancel: ButtonForm
    }
    /** The person is no member of the organization that the app asks for, or of any, and the app is for members of one. */
    'interaction/no-organization': Shown & {
      /** As the app named it; undefined: it named none. */
      organization: string | undefined
      /** Whom to ask; undefined: an administrator. `href`: where it is an address. */
      contact?: { text: string; href?: string } | undefined
      back: ButtonForm
      /** This page: who has been let in since goes on. */
      again: string
      /** A device asked. */
      device: boolean
    }
  }
}

const chosen = z.object({ organization: z.string().max(100).catch('') })

/**
 * `POST /interaction/:uid/organization`: the person signs in for one of their organizations.
 * @returns what shows the choice, says that there is none, or leads on
 */
export function organizationRoute(
  app: FastifyInstance,
  deps: InteractionDependencies,
  endings: Endings,
): (
  request: InteractionRequest,
  reply: FastifyReply,
  details: InteractionDetails,
  accountId: string,
) => Promise<FastifyReply> {
  app.post<InteractionRoute>(
    '/interaction/:uid/organization',
    endings.unlessOver(async (request, reply) => {
      const { organization } = chosen.parse(request.body ?? {})
      return endings.goOn(request, reply, await deps.interactions.choose(request, reply, organization))
    }),
  )
  return async (request, reply, details, accountId) => {
    const found = await deps.interactions.organizations(request, reply, details)
    if (typeof found === 'string') return reply.redirect(found, 303)
    const { uid, client } = details
    const shown = { client, ...(await accountShown(deps, details, accountId)) }
    const cancel = { action: `/interaction/${uid}/cancel` }
    if (details.organization === undefined && found.length > 0)
      return renderPage(reply, 'interaction/choose-organization', {
        ...shown,
        action: `/interaction/${uid}/organization`,
        organizations: found.map(({ id, name, slug }) => ({ id, name, slug })),
        cancel,
      })
    return renderPage(
      reply,
      'interaction/no-organization',
      {
        ...shown,
        organization: details.organization,
        contact: contactOf(deps.accessContact),
        back: cancel,
        again: `/interaction/${uid}`,
        device: details.device !== undefined,
      },
      403,
    )
  }
}
