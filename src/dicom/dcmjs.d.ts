declare module 'dcmjs' {
  export const data: {
    readonly DicomMetaDictionary: {
      readonly nameMap: Readonly<Record<string, { readonly tag: string; readonly vr: string } | undefined>>;
    };
  };
}
