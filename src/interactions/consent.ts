import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ButtonForm, Form, ShownClient } from '../http/pages/pages.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import type { AccessInWords } from '../oidc/consent/requested-access.ts'
import { t } from '../shared/locales/texts.ts'
import type { InteractionDependencies, InteractionRoute } from './dependencies.ts'
import type { Endings } from './over.ts'

export interface ConsentPage extends Form {
  client: ShownClient
  /** Who is signed in. */
  account: { username: string; email?: string | undefined }
  /** Undefined: the app asks for this account. */
  switchAccount?: ButtonForm | undefined
  /** What is asked for, in words. */
  access: AccessInWords
  /** Where the person is sent on to: the host of a website, or an app by its scheme (with a colon). Undefined: nowhere. */
  leadsTo?: { website: string } | { appScheme: string } | undefined
}

/** The consent of a device that shows a code (RFC 8628 §3.3). */
export interface DeviceConfirmPage extends ConsentPage {
  device: {
    /** “curl”, “Firefox on Linux” */
    name: string
    address: string
    /** “2 minutes ago” */
    since: string
  }
}

declare module '../http/pages/pages.ts' {
  interface Pages {
    'interaction/consent': ConsentPage
    'device/confirm': DeviceConfirmPage
  }
}

const consentForm = z.object({ decision: z.enum(['allow', 'deny']) })
const isDenied = ({ body }: FastifyRequest): boolean => consentForm.safeParse(body).data?.decision === 'deny'

/** What the consent page and the choice of an account say of the account that is signed in. */
export const accountShown = async (
  { findAccount }: Pick<InteractionDependencies, 'findAccount'>,
  { uid, expects }: InteractionDetails,
  accountId: string,
): Promise<Pick<ConsentPage, 'account' | 'switchAccount'>> => {
  const account = await findAccount(accountId)
  return {
    account: account
      ? { username: account.displayUsername, email: account.email ?? undefined }
      : { username: t('common.closedAccount') },
    ...(expects === undefined && { switchAccount: { action: `/interaction/${uid}/switch` } }),
  }
}

type Show = (reply: FastifyReply, details: InteractionDetails, accountId: string) => Promise<FastifyReply>

/**
 * `POST /interaction/:uid/consent`: the scopes are allowed, or the app gets access_denied.
 * @returns what shows the consent page of an interaction
 */
export function consentRoute(app: FastifyInstance, deps: InteractionDependencies, endings: Endings): Show {
  const { interactions } = deps
  app.post<InteractionRoute>(
    '/interaction/:uid/consent',
    endings.unlessOver(async (request, reply) => {
      const { decision } = consentForm.parse(request.body)
      if (decision === 'deny')
        return endings.goOn(request, reply, await interactions.refuse(request, reply), { refused: true })
      return endings.goOn(request, reply, await interactions.allow(request, reply))
    }, isDenied),
  )
  return async (reply, details, accountId) => {
    const page: ConsentPage = {
      action: `/interaction/${details.uid}/consent`,
      client: details.client,
      ...(await accountShown(deps, details, accountId)),
      access: await deps.describeAccess(details),
      leadsTo: details.leadsTo,
    }
    return details.device === undefined
      ? renderPage(reply, 'interaction/consent', page)
      : renderPage(reply, 'device/confirm', { ...page, device: deps.describeDevice(details.device) })
  }
}
