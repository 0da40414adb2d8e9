import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { acceptUpload, uploadOf } from '../../../http/forms/upload.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { showProfile } from './profile-page.ts'
import type { SignedIn } from './signed-in.ts'

const addressForm = z.object({ picture_url: z.string().max(2000).default('') })

/** Bytes of the form: some more than a picture may have, so that a larger one is told of beside its field. */
const MAX_FORM = 4 * 1024 * 1024

export const PICTURE_NOTICES = {
  picture: 'profile.picture.saved',
  picture_removed: 'profile.picture.removed',
} as const

/** The picture of a person: uploaded, or the address of one at another server; and `/pictures/:id`, where apps and this page get it. */
export async function pictureRoutes(
  app: FastifyInstance,
  { http, accounts }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  await app.register(async (scope) => {
    acceptUpload(scope, { maxBytes: MAX_FORM, files: ['picture'] })
    scope.post(
      '/account/picture',
      http.limit('account'),
      signedIn.onSubmit(
        '/account',
        async ({ account }, request) => {
          await accounts.pictures.upload(account.id, uploadOf(request, 'picture'))
          return '/account?done=picture'
        },
        async (reply, signed, error) =>
          showProfile(reply, signed, { forms: { picture: { errors: error.sentences } }, status: 422 }),
      ),
    )
  })

  app.post(
    '/account/picture/address',
    http.limit('account'),
    signedIn.onSubmit(
      '/account',
      async ({ account }, request) => {
        const { picture_url: picture } = addressForm.parse(request.body ?? {})
        await accounts.updateProfile(account.id, { picture })
        return '/account?done=picture'
      },
      async (reply, signed, error, request) => {
        const errors = { picture_url: error.sentences.picture ?? '' }
        const values = addressForm.parse(request.body ?? {})
        return showProfile(reply, signed, { forms: { picture: { errors, values } }, status: 422 })
      },
    ),
  )

  app.post(
    '/account/picture/remove',
    http.limit('account'),
    signedIn.onSubmit('/account', async ({ account }) => {
      await accounts.pictures.remove(account.id)
      return '/account?done=picture_removed'
    }),
  )

  app.get<{ Params: { id: string } }>('/pictures/:id', async (request, reply) => {
    const found = await accounts.pictures.find(request.params.id.slice(0, 64))
    if (!found) return reply.callNotFound()
    return (
      reply
        .type(found.mediaType)
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('x-content-type-options', 'nosniff')
        // Apps show it on their own pages.
        .header('cross-origin-resource-policy', 'cross-origin')
        .header('cache-control', 'public, max-age=31536000, immutable')
        .send(Buffer.from(found.bytes))
    )
  })
}
