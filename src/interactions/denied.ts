import type { FastifyReply } from 'fastify'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { accountShown, type ConsentPage } from './consent.ts'
import type { InteractionDependencies } from './dependencies.ts'

declare module '../http/pages/pages.ts' {
  interface Pages {
    /** A program of the operator's has denied the sign-in. */
    'interaction/denied': Pick<ConsentPage, 'client' | 'account' | 'switchAccount'> & {
      /** What it says, in a language of its own. */
      message: string
      back: ButtonForm
      /** A device asked. */
      device: boolean
    }
  }
}

/** Says that the sign-in was denied, in the words of the hook that has denied it. */
export async function showDenied(
  reply: FastifyReply,
  deps: Pick<InteractionDependencies, 'findAccount'>,
  details: InteractionDetails,
  accountId: string,
): Promise<FastifyReply> {
  const { uid, client, denied = '', device } = details
  const data = {
    client,
    ...(await accountShown(deps, details, accountId)),
    message: denied,
    back: { action: `/interaction/${uid}/cancel` },
    device: device !== undefined,
  }
  return renderPage(reply, 'interaction/denied', data, 403)
}
