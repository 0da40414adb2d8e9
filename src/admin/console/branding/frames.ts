import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { renderView } from '../../../http/pages/views.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import type { Draft } from './draft.ts'
import type { BrandingAreaDependencies } from './routes.ts'

/** What a brand is shown on. */
export const SHOWN = [
  { id: 'sign-in', text: 'admin.branding.page.sign_in' },
  { id: 'consent', text: 'admin.branding.page.consent' },
  { id: 'account', text: 'admin.branding.page.account' },
  { id: 'mail', text: 'admin.branding.page.mail' },
] as const satisfies readonly { id: string; text: TextKey }[]
export type ShownOn = (typeof SHOWN)[number]['id']

export const isShownOn = (id: unknown): id is ShownOn => SHOWN.some((each) => each.id === id)

const SCHEMES = ['light', 'dark'] as const

const query = z.object({ scheme: z.enum(SCHEMES).catch('light'), draft: z.string().catch('') })

/** A page within the page of the preview: it runs nothing and sends nothing. @param style where its styles may be */
const policyOf = (style: string) =>
  `default-src 'none'; style-src ${style}; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin`

/** `/admin/branding/frames/:page`: a page and a message as a draft makes them, for the frames of the preview. */
export function frameRoutes(
  app: FastifyInstance,
  deps: BrandingAreaDependencies & { issuer: URL },
  opened: (request: FastifyRequest, draft: string) => Draft | undefined,
): void {
  app.get<{ Params: { page: string } }>(
    '/admin/branding/frames/:page',
    { config: { admin: 'branding.read' } },
    async (request, reply) => {
      const { scheme, draft: text } = query.parse(request.query)
      const { page } = request.params
      const draft = opened(request, text)
      if (draft === undefined || !isShownOn(page))
        throw new AppError('not_found', 404, message('admin.branding.gone'))
      const { mail, ...brand } = deps.branding.shownAs(draft.owner, draft.brand)
      reply.header('x-frame-options', 'SAMEORIGIN')
      if (page === 'mail') {
        const link = new URL('/verify-email?token=example', deps.issuer).href
        const data = { username: 'ada', link, code: '012345', validFor: 86_400 }
        const { html } = deps.sampleMail({ to: 'ada@example.com', template: 'verify-email', data }, mail)
        reply.header('content-security-policy', policyOf("'unsafe-inline'"))
        return reply
          .type('text/html; charset=utf-8')
          .send(html.replace('(prefers-color-scheme: dark)', scheme === 'dark' ? 'all' : 'not all'))
      }
      reply.header('content-security-policy', policyOf("'self'"))
      return show(reply, page, { draft: brand, scheme })
    },
  )
}

const nowhere = { action: '/admin/branding' }

/** A page with data of nobody. */
function show(reply: FastifyReply, page: Exclude<ShownOn, 'mail'>, look: object): FastifyReply {
  const client = { name: t('admin.branding.sample.app'), clientUri: 'https://app.example.com' }
  if (page === 'sign-in')
    return renderView(reply, 'interaction/sign-in', {
      ...{ ...look, client, providers: [], cancel: nowhere },
      ...{ action: '/admin/branding', registerHref: '/register', forgotHref: '/forgot-password' },
    })
  if (page === 'consent')
    return renderView(reply, 'interaction/consent', {
      ...{ ...look, client, action: '/admin/branding', switchAccount: nowhere },
      account: { username: 'ada', email: 'ada@example.com' },
      access: {
        own: [
          { title: t('admin.branding.sample.openid'), detail: t('admin.branding.sample.openid.detail') },
          { title: t('admin.branding.sample.email') },
        ],
        apis: [],
      },
      leadsTo: { website: 'app.example.com' },
    })
  const pages = ['account.profile', 'account.security', 'account.devices', 'account.apps'] as const
  return renderView(reply, 'accounts/account/sessions', {
    ...look,
    account: {
      username: 'ada',
      signOut: nowhere,
      pages: pages.map((key) => ({ href: '/account', label: t(key), current: key === 'account.devices' })),
    },
    sessions: [
      {
        ...nowhere,
        device: t('admin.branding.sample.device.one'),
        detail: t('admin.branding.sample.today'),
        current: true,
      },
      {
        ...nowhere,
        device: t('admin.branding.sample.device.two'),
        detail: t('admin.branding.sample.yesterday'),
        current: false,
      },
    ],
    signOutOthers: nowhere,
    signOutEverywhere: nowhere,
  })
}
