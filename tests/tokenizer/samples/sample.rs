use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> { Word(&'a str), Number(f64), End }

impl<'a> Token<'a> {
    pub fn parse(text: &'a str) -> Result<Vec<Self>, Box<dyn std::error::Error>> {
        let mut out = vec![];
        for part in text.split_whitespace().filter(|p| !p.is_empty()) {
            out.push(match part.parse::<f64>() { Ok(n) => Token::Number(n), Err(_) => Token::Word(part) });
        }
        out.push(Token::End);
        Ok(out)
    }
}

fn main() {
    let counts: HashMap<&str, usize> = [("α", 1), ("β", 2)].into_iter().collect();
    println!("{counts:#?} {:?}", Token::parse("1.5e-3 x_1 == y!"));
}
