/** Names of groups and roles, which apps are told of and compare as text. */
import { z } from 'zod'
import { saying } from '../shared/locales/texts.ts'
import { line } from '../shared/text.ts'

/** Nextcloud and others cut longer ones off; settings of apps separate several by commas. */
const MAX_NAME = 64
const MAX_DESCRIPTION = 500

export const nameSchema = line(MAX_NAME).pipe(
  z
    .string()
    .min(1, saying('passkeys.name.enter'))
    .refine((name) => !name.includes(','), saying('admin.access.name.comma')),
)

export const descriptionSchema = line(MAX_DESCRIPTION)
