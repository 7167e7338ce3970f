//! Content streams: where on the page each letter stands.

use std::collections::HashMap;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream, String as PdfString};
use hayro_syntax::page::{Page, Resources};

use super::font::{Font, Shown};
use super::inline::blank_pictures;
use super::marks::Marks;
use super::matrix::Matrix;
use super::stream::Budget;

/// Most operators that are followed in a document.
const MAX_OPERATORS: usize = 5_000_000;
/// Forms within forms.
const MAX_FORMS: usize = 12;
/// Saved states within one another.
const MAX_STATES: usize = 256;
/// Most bytes of the content of a page.
const MAX_CONTENT: usize = 64 << 20;
/// A letter, or a few in one, on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// The letters; empty when another text stands for the glyph.
    pub text: String,
    /// Where it starts and where the next one would, along its line.
    pub x: f32,
    /// See `x`.
    pub end: f32,
    /// Its base line; it grows upwards.
    pub y: f32,
    /// Height of its font.
    pub size: f32,
    /// Quarter turns of the line that it stands on; `x` and `y` are turned back.
    pub turn: u8,
}

/// Reads the pages of a document one after the other.
#[derive(Debug)]
pub struct Reader {
    /// What may still be unpacked.
    pub budget: Budget,
    /// Most glyphs that are placed.
    max_glyphs: usize,
    fonts: HashMap<usize, Rc<Font>>,
    operators: usize,
    /// Glyphs seen, and those of them whose letters the fonts do not tell.
    pub glyphs: usize,
    /// See `glyphs`.
    pub unknown: usize,
}

#[derive(Debug, Clone)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
}

/// A page, or a form on it, while its operators are followed.
struct Run<'r, 'p> {
    reader: &'r mut Reader,
    glyphs: &'p mut Vec<Glyph>,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    /// The fonts of this content by their names in it.
    fonts: HashMap<Vec<u8>, Option<Rc<Font>>>,
    marks: Marks,
}

impl Reader {
    /// A reader that places at most so many glyphs.
    pub fn new(max_glyphs: usize) -> Self {
        Self {
            budget: Budget::default(),
            max_glyphs,
            fonts: HashMap::new(),
            operators: 0,
            glyphs: 0,
            unknown: 0,
        }
    }

    /// Whether there were more glyphs than the limit.
    pub fn is_full(&self) -> bool {
        self.glyphs > self.max_glyphs
    }

    /// The glyphs of a page in the order in which they are drawn.
    pub fn page(&mut self, page: &Page) -> Vec<Glyph> {
        let mut glyphs = Vec::new();
        let content = self.page_content(page);
        let state = State {
            ctm: Matrix::IDENTITY,
            font: None,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        self.follow(content, page.resources(), state, &mut glyphs, 0);
        glyphs
    }

    fn page_content(&mut self, page: &Page) -> Vec<u8> {
        let dict = page.raw();
        let streams = match dict.get::<Stream>("Contents") {
            Some(stream) => vec![stream],
            None => dict
                .get::<Array>("Contents")
                .map(|a| a.iter::<Stream>().collect())
                .unwrap_or_default(),
        };
        let mut content = Vec::new();
        for stream in streams {
            content.extend(self.budget.unpack(&stream).unwrap_or_default());
            content.push(b'\n');
            if content.len() > MAX_CONTENT {
                break;
            }
        }
        content
    }

    fn follow(
        &mut self,
        mut content: Vec<u8>,
        resources: &Resources,
        state: State,
        glyphs: &mut Vec<Glyph>,
        depth: usize,
    ) {
        blank_pictures(&mut content);
        let mut run = Run {
            reader: self,
            glyphs,
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            fonts: HashMap::new(),
            marks: Marks::default(),
        };
        let mut operators = TypedIter::new(&content);
        while let Some(operator) = operators.next() {
            run.reader.operators += 1;
            if run.reader.operators > MAX_OPERATORS
                || run.reader.is_full()
                || run.reader.budget.is_spent()
            {
                return;
            }
            run.act(&operator, resources, depth);
        }
    }

    fn font(&mut self, dict: &Dict) -> Rc<Font> {
        // A dictionary stays where it was read.
        let key = dict.data().as_ptr() as usize;
        let budget = &mut self.budget;
        budget.spend(dict.data().len());
        Rc::clone(
            self.fonts
                .entry(key)
                .or_insert_with(|| Rc::new(Font::read(dict, budget))),
        )
    }
}

fn matrix(numbers: [Number; 6]) -> Matrix {
    Matrix(numbers.map(|n| n.as_f64()))
}

impl Run<'_, '_> {
    fn act(&mut self, operator: &Op, resources: &Resources, depth: usize) {
        match operator {
            Op::SaveState(_) if self.saved.len() < MAX_STATES => {
                self.saved.push(self.state.clone())
            }
            Op::RestoreState(_) => {
                if let Some(state) = self.saved.pop() {
                    self.state = state;
                }
            }
            Op::Transform(t) => {
                self.state.ctm = matrix([t.0, t.1, t.2, t.3, t.4, t.5]).then(&self.state.ctm);
            }
            Op::BeginText(_) => self.move_to(Matrix::IDENTITY),
            Op::TextFont(f) => {
                self.state.font = self.font(f.0, resources);
                self.state.size = f.1.as_f64();
            }
            Op::CharacterSpacing(n) => self.state.char_space = n.0.as_f64(),
            Op::WordSpacing(n) => self.state.word_space = n.0.as_f64(),
            Op::HorizontalScaling(n) => self.state.stretch = n.0.as_f64() / 100.0,
            Op::TextLeading(n) => self.state.leading = n.0.as_f64(),
            Op::TextRise(n) => self.state.rise = n.0.as_f64(),
            Op::NextLine(n) => self.next_line(n.0.as_f64(), n.1.as_f64()),
            Op::NextLineAndSetLeading(n) => {
                self.state.leading = -n.1.as_f64();
                self.next_line(n.0.as_f64(), n.1.as_f64());
            }
            Op::NextLineUsingLeading(_) => self.next_line(0.0, -self.state.leading),
            Op::SetTextMatrix(t) => self.move_to(matrix([t.0, t.1, t.2, t.3, t.4, t.5])),
            Op::ShowText(s) => self.show(s.0),
            Op::NextLineAndShowText(s) => {
                self.next_line(0.0, -self.state.leading);
                self.show(s.0);
            }
            Op::ShowTextWithParameters(s) => {
                self.state.word_space = s.0.as_f64();
                self.state.char_space = s.1.as_f64();
                self.next_line(0.0, -self.state.leading);
                self.show(s.2);
            }
            Op::ShowTexts(list) => self.show_all(list.0),
            Op::BeginMarkedContent(mark) => self.marks.open(mark.0, None),
            Op::BeginMarkedContentWithProperties(mark) => {
                let properties = match mark.1 {
                    Object::Dict(dict) => Some(dict.clone()),
                    Object::Name(name) => resources.properties.get::<Dict>(name),
                    _ => None,
                };
                let read = properties.as_ref().map_or(0, |p| p.data().len());
                self.reader.budget.spend(read);
                self.marks.open(mark.0, properties.as_ref());
            }
            Op::EndMarkedContent(_) => self.marks.close(),
            Op::XObject(object) if depth < MAX_FORMS => {
                if let Some(form) = resources.get_x_object(object.0) {
                    self.form(&form, resources, depth);
                }
            }
            _ => {}
        }
    }

    fn font(&mut self, name: &Name, resources: &Resources) -> Option<Rc<Font>> {
        if let Some(known) = self.fonts.get(&**name) {
            return known.clone();
        }
        let dict = resources.get_font(name);
        let font = dict.map(|dict| self.reader.font(&dict));
        self.fonts.insert(name.to_vec(), font.clone());
        font
    }

    fn form(&mut self, form: &Stream, resources: &Resources, depth: usize) {
        let dict = form.dict();
        if dict.get::<Name>("Subtype").is_none_or(|n| &*n != b"Form") || self.marks.in_artifact() {
            return;
        }
        let Some(content) = self.reader.budget.unpack(form) else {
            return;
        };
        let mut state = self.state.clone();
        if let Some(own) = dict.get::<[f64; 6]>("Matrix") {
            state.ctm = Matrix(own).then(&state.ctm);
        }
        let own = dict.get::<Dict>("Resources").map(Resources::new);
        let parts = own
            .iter()
            .flat_map(|r| [&r.fonts, &r.x_objects, &r.properties]);
        let read: usize = parts.map(|part| part.data().len()).sum();
        self.reader.budget.spend(read + dict.data().len());
        let resources = own.as_ref().unwrap_or(resources);
        self.reader
            .follow(content, resources, state, self.glyphs, depth + 1);
    }

    fn move_to(&mut self, matrix: Matrix) {
        self.text = matrix;
        self.line = matrix;
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.move_to(Matrix::shift(x, y).then(&self.line));
    }

    fn show_all(&mut self, list: &Array) {
        for item in list.iter::<Object>() {
            match item {
                Object::String(string) => self.show(&string),
                Object::Number(n) => {
                    let back = n.as_f64() / 1000.0 * self.state.size * self.state.stretch;
                    self.text = Matrix::shift(-back, 0.0).then(&self.text);
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, string: &PdfString) {
        if let Some(font) = self.state.font.clone() {
            font.for_each(string.as_bytes(), |shown| self.place(shown));
        }
    }

    fn place(&mut self, shown: Shown) {
        let state = &self.state;
        let space = if shown.is_space {
            state.word_space
        } else {
            0.0
        };
        let advance = (shown.width * state.size + state.char_space + space) * state.stretch;
        let place = self.text.then(&state.ctm);
        let (x, y) = place.apply(0.0, state.rise);
        // Some writers make their spaces of the room between letters.
        let (end, end_y) = place.apply(shown.width * state.size * state.stretch, state.rise);
        let size = place.height() * state.size.abs();
        let turn = place.turn();
        self.text = Matrix::shift(advance, 0.0).then(&self.text);
        if self.marks.in_artifact() {
            return;
        }
        self.reader.glyphs += 1;
        if self.reader.is_full() {
            return;
        }
        let Some(turn) = turn else { return };
        let finite = [x, y, end, end_y, size].iter().all(|n| n.is_finite());
        if !finite || size <= 0.0 {
            return;
        }
        let (x, end, y) = match turn {
            0 => (x, end, y),
            1 => (y, end_y, -x),
            2 => (-x, -end, -y),
            _ => (-y, -end_y, x),
        };
        let text = self.text_of(shown.letters);
        self.glyphs.push(Glyph {
            text,
            x: x.min(end) as f32,
            end: x.max(end) as f32,
            y: y as f32,
            size: size as f32,
            turn,
        });
    }

    /// The text of a glyph, unless the innermost mark has another for it.
    fn text_of(&mut self, letters: Option<String>) -> String {
        self.marks.take_text().or(letters).unwrap_or_else(|| {
            self.reader.unknown += 1;
            '\u{fffd}'.into()
        })
    }
}
