import { z } from 'zod'
import { type TextArguments, type TextKey, t } from '../shared/locales/texts.ts'
import { unseen } from '../shared/text.ts'
import { type FieldProblem, schemaProblems, ValidationError } from '../shared/validation-error.ts'
import { goodAccent, goodBackground } from './theme.ts'

/** How people enter a value; the form, the REST API and the command line follow from it. */
export type BrandInput = 'text' | 'colour' | 'number' | 'picture' | 'url' | 'long'

interface Field<Value> {
  label: string
  hint: string
  input: BrandInput
  /** Of a value that is said. Its message says what is right. */
  schema: z.ZodType<Value>
}

/** What a value has to be, in the language of who reads it. */
type Must = () => string
const must =
  (key: TextKey, values?: TextArguments): Must =>
  () =>
    t(key, values)

const oneLine = (most: number, error: Must) =>
  z
    .string({ error })
    .trim()
    .min(1, { error })
    .max(most, { error })
    .refine((text) => !unseen.test(text), { error })

const COLOUR = must('admin.branding.must.colour')
const colour = z
  .string({ error: COLOUR })
  .trim()
  .regex(/^#([\da-f]{3}|[\da-f]{6})$/i, { error: COLOUR })
  .transform((text) => {
    const digits = text.slice(1).toLowerCase()
    return `#${digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits}`
  })

function address(protocols: readonly string[], error: Must) {
  return z
    .string({ error })
    .trim()
    .max(500, { error })
    .refine((text) => protocols.includes(URL.parse(text)?.protocol ?? '') && !/[\s\p{Cc}]/u.test(text), {
      error,
    })
    .transform((text) => new URL(text).href)
}
const PAGE = must('admin.branding.must.page')
const SUPPORT = must('admin.branding.must.support')

/** Where a picture is: what `file` of src/branding/images.ts names. */
export const PICTURE = /^\/theme\/([\w-]{43}\.(\d{1,4})x(\d{1,4})\.(?:png|jpg|webp|svg))$/
const NO_PICTURE = must('admin.branding.must.picture')

const RADIUS = must('admin.branding.must.radius')
const FOOTER = must('admin.branding.must.footer')

/** What there is to say of a brand. Every form, the REST API, the command line and configuration files are made of this table. */
export const BRAND_FIELDS = {
  name: {
    label: 'Name',
    hint: 'Stands in the head of every page, in titles and in messages.',
    input: 'text',
    schema: oneLine(60, must('admin.branding.must.name')),
  },
  logo: {
    label: 'Logo',
    hint: 'SVG, PNG, JPEG or WebP, at most 512 KiB. A wide one stands alone, one that is about a square beside the name. Mail programs show no SVG: messages have the name in its place.',
    input: 'picture',
    schema: z.string({ error: NO_PICTURE }).regex(PICTURE, { error: NO_PICTURE }),
  },
  favicon: {
    label: 'Icon',
    hint: 'Stands in the tab of the browser: a square PNG or WebP, 64 pixels or more, or an SVG.',
    input: 'picture',
    schema: z.string({ error: NO_PICTURE }).regex(PICTURE, { error: NO_PICTURE }),
  },
  accent: {
    label: 'Accent',
    hint: 'Of buttons and links, as #rrggbb. Dark pages get one of the same hue.',
    input: 'colour',
    schema: colour,
  },
  background: {
    label: 'Background',
    hint: 'Of the page around its card, as #rrggbb: a light one, dark pages get a dark one of the same hue.',
    input: 'colour',
    schema: colour,
  },
  radius: {
    label: 'Corners',
    hint: 'Radius in pixels, from 0 to 24. It ships as 8.',
    input: 'number',
    schema: z.int({ error: RADIUS }).min(0, { error: RADIUS }).max(24, { error: RADIUS }),
  },
  support_url: {
    label: 'Help',
    hint: 'Stands in the foot of every page: https://… or mailto:…',
    input: 'url',
    schema: address(['https:', 'mailto:'], SUPPORT),
  },
  terms_url: {
    label: 'Terms',
    hint: 'Stands in the foot of every page: https://…',
    input: 'url',
    schema: address(['https:'], PAGE),
  },
  privacy_url: {
    label: 'Privacy policy',
    hint: 'Stands in the foot of every page: https://…',
    input: 'url',
    schema: address(['https:'], PAGE),
  },
  mail_footer: {
    label: 'Foot of messages',
    hint: 'Stands below every message, such as the company and its address. Line breaks stay.',
    input: 'long',
    schema: z
      .string({ error: FOOTER })
      .trim()
      .min(1, { error: FOOTER })
      .max(500, { error: FOOTER })
      .transform((text) => text.replaceAll('\r\n', '\n'))
      .refine((text) => !unseen.test(text.replaceAll('\n', '')), { error: FOOTER }),
  },
} as const satisfies Record<string, Field<string> | Field<number>>

export type BrandField = keyof typeof BRAND_FIELDS

/** What is said of a brand; null: what stands behind it is taken, in the end what ships. */
export type Brand = { readonly [Name in BrandField]: z.output<(typeof BRAND_FIELDS)[Name]['schema']> | null }

export const BRAND_NAMES = Object.keys(BRAND_FIELDS) as BrandField[]

/** A field in words, for the pages and the command line. */
export interface NamedBrandField {
  name: BrandField
  label: string
  hint: string
  input: BrandInput
}

export const NAMED_BRAND_FIELDS: readonly NamedBrandField[] = BRAND_NAMES.map((name) => {
  const { label, hint, input } = BRAND_FIELDS[name]
  return { name, label, hint, input }
})

export const NOTHING_SAID = Object.fromEntries(BRAND_NAMES.map((name) => [name, null])) as unknown as Brand

const schema = z.strictObject(
  Object.fromEntries(
    BRAND_NAMES.map((name) => [
      name,
      (BRAND_FIELDS[name].schema as z.ZodType).nullish().transform((value) => value ?? null),
    ]),
  ),
  { error: must('admin.branding.must.map') },
)

/** What a text in a form or an argument stands for; empty: nothing is said. */
export function fromText(name: BrandField, text: string): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return null
  return BRAND_FIELDS[name].input === 'number' && /^\d{1,4}$/.test(trimmed) ? Number(trimmed) : trimmed
}

/**
 * A whole brand: what is left out is not said.
 * @throws ValidationError with every problem at once: colours that texts cannot be read on too, with the nearest that they can
 */
export function parseBrand(given: unknown): Brand {
  const { data, error } = schema.safeParse(given)
  const colours = (name: 'accent' | 'background') =>
    colour.safeParse((given as Record<string, unknown> | null)?.[name]).data ?? null
  const problems = [
    ...schemaProblems(error),
    ...unreadable({ accent: colours('accent'), background: colours('background') }),
  ]
  if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_branding' })
  return data as unknown as Brand
}

/** WCAG 2.2 SC 1.4.3. On dark pages every colour is computed, and none has to be refused. */
function unreadable({ accent, background }: Pick<Brand, 'accent' | 'background'>): FieldProblem[] {
  const problems: FieldProblem[] = []
  const ground = background === null ? null : goodBackground(background)
  if (background !== null && ground !== background)
    problems.push({
      field: 'background',
      message: t('admin.branding.too_dark', { colour: String(ground) }),
    })
  const good = accent === null ? null : goodAccent(accent, ground)
  if (accent !== null && good !== accent)
    problems.push({
      field: 'accent',
      message: t('admin.branding.unreadable', { colour: String(good) }),
    })
  return problems
}
