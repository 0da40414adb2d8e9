import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser'

const FORMATS = { [TYPE.number]: 'number', [TYPE.date]: 'date', [TYPE.time]: 'time' } as const

/** As it is written: a name, or a skeleton. */
const styleOf = (style: unknown): string[] =>
  style === undefined || style === null ? [] : [typeof style === 'string' ? style : JSON.stringify(style)]

/**
 * What a text is filled with, a line each: `{name}`, `<tag>`, a choice with its cases, the format that a number or a time is written in; and
 * each plural form of the language that it lacks. Two texts with the same shape can stand for each other. The parser is loaded by the first caller.
 * @param text in ICU MessageFormat @param tag of its language
 * @throws Error when it cannot be read
 */
export function shapeOf(text: string, tag: string): Set<string> {
  const shape = new Set<string>()
  collect(parse(text), tag, shape)
  return shape
}

function collect(elements: readonly MessageFormatElement[], tag: string, shape: Set<string>): void {
  for (const element of elements) {
    switch (element.type) {
      case TYPE.argument:
        shape.add(`{${element.value}}`)
        break
      case TYPE.number:
      case TYPE.date:
      case TYPE.time:
        shape.add(`{${element.value}}`)
        // What is no such value cannot be written so, nor can anything in a format that there is not.
        shape.add(`{${[element.value, FORMATS[element.type], ...styleOf(element.style)].join(', ')}}`)
        break
      case TYPE.select:
        shape.add(`{${element.value}}: ${Object.keys(element.options).sort()}`)
        for (const { value } of Object.values(element.options)) collect(value, tag, shape)
        break
      case TYPE.plural: {
        shape.add(`{${element.value}}`)
        const type = element.pluralType ?? 'cardinal'
        for (const category of new Intl.PluralRules(tag, { type }).resolvedOptions().pluralCategories)
          if (!Object.hasOwn(element.options, category)) shape.add(`the plural form “${category}”`)
        for (const { value } of Object.values(element.options)) collect(value, tag, shape)
        break
      }
      case TYPE.tag:
        shape.add(`<${element.value}>`)
        collect(element.children, tag, shape)
    }
  }
}
