//! Which articles are in a report.

use crate::analysis::Analysis;

/// What an article must have to be in the report. Inputs that failed always are, since nobody
/// knows what they would have had.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// When there are any, one of these topics; those with a probability by it, those without
    /// by their label.
    pub only: Vec<Only>,
    /// Any label.
    pub labelled: bool,
    /// Any topic of which the model is uncertain.
    pub uncertain: bool,
}

/// A topic that an article must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Only {
    /// Its id.
    pub topic: String,
    /// The lowest probability.
    pub from: Option<f32>,
}

impl std::fmt::Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.topic)?;
        self.from.map_or(Ok(()), |from| write!(f, " from {from}"))
    }
}

impl std::str::FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((topic, from)) = text.split_once(">=") else {
            return Ok(Self {
                topic: text.trim().to_owned(),
                from: None,
            });
        };
        match from.trim().parse() {
            Ok(from) if (0.0..=1.0).contains(&from) => Ok(Self {
                topic: topic.trim().to_owned(),
                from: Some(from),
            }),
            _ => Err(format!("\"{from}\" is no probability between 0 and 1")),
        }
    }
}

impl Filter {
    /// Whether an article is in the report.
    #[must_use]
    pub fn keeps(&self, analysis: &Analysis) -> bool {
        let has = |only: &Only| {
            let topic = analysis.topics.iter().find(|t| t.id == only.topic);
            topic.is_some_and(|topic| match only.from {
                Some(from) => topic.probability >= from,
                None => topic.label,
            })
        };
        (self.only.is_empty() || self.only.iter().any(has))
            && (!self.labelled || analysis.labels().next().is_some())
            && (!self.uncertain || analysis.is_uncertain())
    }

    /// What it asks for, for people; `None` when everything is in the report.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.only.is_empty() {
            let topics: Vec<String> = self.only.iter().map(ToString::to_string).collect();
            parts.push(format!("about {}", topics.join(" or ")));
        }
        if self.labelled {
            parts.push("with a label".to_owned());
        }
        if self.uncertain {
            parts.push("of which the model is uncertain".to_owned());
        }
        (!parts.is_empty()).then(|| format!("Only articles {}.", parts.join(" and ")))
    }
}
