import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { renderPage } from '../../../http/pages/views.ts'
import { isFresh } from '../../../shared/fresh-sign-in.ts'
import { t } from '../../../shared/locales/texts.ts'
import { isoDay } from '../../../shared/moment.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { type AccountFrame, frameOf, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/data': { account: AccountFrame; download: ButtonForm; deleteHref: string }
  }
}

const PATH = '/account/data'
const FILE = `${PATH}/download`

/** `/account/data`: everything that is held about a person, to take with them or to have deleted. */
export async function dataRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { http, clock, personalData } = deps

  app.get(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    return renderPage(reply, 'accounts/account/data', {
      account: frameOf(signed, PATH),
      download: { action: FILE },
      deleteHref: `${PATH}/delete`,
    })
  })

  // A person who found a browser open must not carry everything away.
  app.post(
    FILE,
    { ...http.limit('account'), config: { formPage: PATH } },
    signedIn.onSubmit(
      PATH,
      async (signed, request) => (await signedIn.again(request, signed, t('act.download'))) ?? FILE,
    ),
  )

  app.get(FILE, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    if (!isFresh(clock, signed.session.freshAt)) return reply.redirect(PATH, 303)
    const pieces = await personalData.export(signed.account.id)
    const name = `${deps.issuer.hostname}-${isoDay(clock())}.json`
    return reply
      .type('application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(Readable.from(pieces))
  })
}
