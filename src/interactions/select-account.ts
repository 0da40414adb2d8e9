import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ChosenAccount } from '../accounts/pages/login.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { accountShown, type ConsentPage } from './consent.ts'
import type { InteractionDependencies, InteractionRequest, InteractionRoute } from './dependencies.ts'
import type { Endings } from './over.ts'

declare module '../http/pages/pages.ts' {
  interface Pages {
    'interaction/select-account': Pick<ConsentPage, 'client' | 'account' | 'switchAccount'> & {
      /** Takes “Continue as …”. */
      action: string
      cancel: ButtonForm
      /** Others that have signed in in this browser. */
      others: ChosenAccount[]
    }
  }
}

/**
 * `POST /interaction/:uid/select`: the interaction goes on with the account that is signed in (`prompt=select_account`,
 * OpenID Connect Core §3.1.2.1).
 * @returns what shows the choice of an account
 */
export function selectAccountRoute(
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
    '/interaction/:uid/select',
    endings.unlessOver(async (request, reply) =>
      endings.goOn(request, reply, await deps.interactions.select(request, reply)),
    ),
  )
  return async (request, reply, details, accountId) => {
    const shown = await accountShown(deps, details, accountId)
    const path = `/interaction/${details.uid}?as=another`
    return renderPage(reply, 'interaction/select-account', {
      action: `/interaction/${details.uid}/select`,
      client: details.client,
      ...shown,
      others:
        shown.switchAccount === undefined
          ? []
          : deps.signInForm.choices(request, path, shown.account.username),
      cancel: { action: `/interaction/${details.uid}/cancel` },
    })
  }
}
