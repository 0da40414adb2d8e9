import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { ButtonForm, ShownClient } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { AccessInWords } from '../../../oidc/consent/requested-access.ts'
import type { TextKey } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { type AccountFrame, frameOf, type SignedIn } from './signed-in.ts'

export interface ConnectedAppView extends ButtonForm {
  client: ShownClient
  access: AccessInWords
  detail?: string | undefined
  lastUsed?: string | undefined
  /** Until when it has access: a sentence. */
  lasts?: string | undefined
  parts: (ButtonForm & { words: string })[]
}

export interface AppsPage {
  account: AccountFrame
  apps: ConnectedAppView[]
  /** The apps that they may use; undefined: no list is shown. */
  launch: { href: string; client: ShownClient }[] | undefined
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/apps': AppsPage
  }
}

const PATH = '/account/apps'

const idForm = z.object({ id: z.string().max(200) })

const partForm = idForm.extend({ part: z.string().max(1000) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  part: 'apps.part',
  part_gone: 'apps.partGone',
  app: 'apps.removed',
}

/** `/account/apps`: what a person has allowed apps. */
export async function appRoutes(
  app: FastifyInstance,
  { apps, launchableApps }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  app.get<{ Querystring: { done?: unknown } }>(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const launch = await launchableApps(signed.account.id)
    return renderPage(reply, 'accounts/account/apps', {
      account: frameOf(signed, PATH, { notice: noticeIn(NOTICES, request.query.done) }),
      launch: launch?.map(({ uri, name, logo_uri: logoUri }) => ({ href: uri, client: { name, logoUri } })),
      apps: (await apps.list(signed.account.id)).map(({ clientId, parts, ...view }) => ({
        ...view,
        parts: parts.map(({ key, words }) => ({
          words,
          action: '/account/apps/take-back',
          fields: { id: clientId, part: key },
        })),
        action: '/account/apps/withdraw',
        fields: { id: clientId },
      })),
    })
  })

  app.post(
    '/account/apps/take-back',
    signedIn.onSubmit(PATH, async ({ account }, request) => {
      const { id, part } = partForm.parse(request.body)
      return `${PATH}?done=${(await apps.takeBack(account.id, id, part)) ? 'part' : 'part_gone'}`
    }),
  )

  app.post(
    '/account/apps/withdraw',
    signedIn.onSubmit(PATH, async ({ account }, request) => {
      await apps.withdraw(account.id, idForm.parse(request.body).id)
      return `${PATH}?done=app`
    }),
  )
}
