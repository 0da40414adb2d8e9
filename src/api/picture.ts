import { z } from 'zod'
import { callerOf } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body } from './fields.ts'
import { operation } from './operation.ts'
import { profileOf } from './profile-view.ts'
import { profile } from './schemas.ts'

const tag = 'Profile'

/** Characters: the largest picture in base64, and a few more, so that a larger one is told of by its field. */
const MAX_BASE64 = 720_000
/** Bytes of the body around it. */
const MAX_BODY = MAX_BASE64 + 16 * 1024

const set = operation({
  id: 'setMyPicture',
  tag,
  summary: 'Upload your picture',
  description:
    'A PNG, JPEG or WebP of at most 512 KiB and 4096 pixels a side, in base64; a body of this operation may be larger than others. Where, when and by what a photo was taken is removed. `picture` of the profile is the address that it is served at. A picture at another server is set by `PATCH /api/auth/me`.',
  caller: {},
  body: body({
    picture: z.base64({ error: 'Send the bytes of the picture in base64.' }).max(MAX_BASE64, {
      error: 'Use a picture of at most 512 KiB.',
    }),
  }).meta({
    examples: [
      {
        picture:
          'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGMoBwAAeQB4UzPh/gAAAABJRU5ErkJggg==',
      },
    ],
  }),
  answers: [200, 'Your profile as it is now.', profile],
  problems: [401, 403, 429, 503],
})

const remove = operation({
  id: 'removeMyPicture',
  tag,
  summary: 'Remove your picture',
  description: 'One that was uploaded is deleted; an address at another server is forgotten.',
  caller: {},
  answers: [204, 'There is none any more.'],
  problems: [401, 403, 429, 503],
})

/** `PUT` and `DELETE /api/auth/me/picture`: as `/account` does it. */
export function pictureRoutes({ known, deps }: ApiContext): void {
  const { accounts, limit } = deps

  known.put('/me/picture', { ...withLimit(set, limit('account')), bodyLimit: MAX_BODY }, async (request) => {
    const { account } = callerOf(request)
    await accounts.pictures.upload(account.id, Buffer.from(request.body.picture, 'base64'))
    return profileOf((await accounts.byId(account.id)) ?? account, deps.attributes)
  })

  known.delete('/me/picture', withLimit(remove, limit('account')), async (request, reply) => {
    await accounts.pictures.remove(callerOf(request).account.id)
    return reply.code(204).send()
  })
}
